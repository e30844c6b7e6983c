import { expect, it } from "vitest";
import { nodeSha256 } from "../adapters/node/sha256.ts";
import { GOLDEN, GOLDEN_CAPTURE, GOLDEN_TIME_US } from "../testing/golden-vector.ts";
import { blockHash, genesisHead, merkleRoot, rejectionLeaf, transactionLeaf } from "./block.ts";
import { canonicalWriter, fromHex, toHex } from "./canonical-bytes.ts";

const BOOK = 7n;
const BALANCES = [
  { accountId: 1, balanceAfterMinor: 10_000n, accountVersion: 1 },
  { accountId: 2, balanceAfterMinor: -10_000n, accountVersion: 1 },
  { accountId: 3, balanceAfterMinor: 250n, accountVersion: 1 },
  { accountId: 1, balanceAfterMinor: 9_750n, accountVersion: 2 },
];

it("comes to the bytes that the design fixes", () => {
  expect(toHex(GOLDEN_CAPTURE.requestHash)).toBe(GOLDEN.requestHash);
  const transaction = transactionLeaf(
    {
      bookId: BOOK,
      seq: 1,
      blockNo: 1,
      kind: 10,
      rule: 1,
      businessDay: 9501,
      occurredUs: BigInt(GOLDEN_CAPTURE.occurredAt) * 1_000n,
      recordedUs: GOLDEN_TIME_US,
      key: "payment:123:captured",
      requestHash: GOLDEN_CAPTURE.requestHash,
      reference: "payment:123",
      eventId: fromHex("018f3c2a000070008000000000000001"),
      reversesSeq: 0,
      actor: "payments",
      approver: null,
      details: "{}",
      entryCount: 4,
      legs: GOLDEN_CAPTURE.legs.map((leg, i) => ({
        ...leg,
        leg: i + 1,
        ...(BALANCES[i] ?? { accountId: 0, balanceAfterMinor: 0n, accountVersion: 0 }),
      })),
    },
    nodeSha256,
  );
  expect(toHex(transaction)).toBe(GOLDEN.transactionLeaf);
  const requestHash = nodeSha256(canonicalWriter().text("x").bytes());
  const refused = { bookId: BOOK, blockNo: 1, key: "adjustment:9", requestHash, code: "LIMIT_EXCEEDED" };
  const rejection = rejectionLeaf(refused, nodeSha256);
  expect(toHex(rejection)).toBe(GOLDEN.rejectionLeaf);
  const root = merkleRoot([transaction, rejection], nodeSha256);
  expect(toHex(root)).toBe(GOLDEN.root);
  const prev = genesisHead(BOOK, nodeSha256);
  expect(toHex(prev)).toBe(GOLDEN.genesis);
  const block = { blockNo: 1, fromSeq: 1, toSeq: 1, leafCount: 2, recordedUs: GOLDEN_TIME_US, prev, root };
  expect(toHex(blockHash(BOOK, block, nodeSha256))).toBe(GOLDEN.blockHash);
});

it("moves an odd last leaf up unchanged", () => {
  const [a, b, c] = ["a", "b", "c"].map((text) => nodeSha256(canonicalWriter().text(text).bytes()));
  if (!a || !b || !c) throw new Error("three leaves");
  const left = merkleRoot([a, b], nodeSha256);
  expect(toHex(merkleRoot([a, b, c], nodeSha256))).toBe(toHex(merkleRoot([left, c], nodeSha256)));
  expect(toHex(merkleRoot([a], nodeSha256))).toBe(toHex(a));
});
