import { expect, it } from "vitest";
import { merkleRoot } from "../../domain/block.ts";
import { canonicalWriter, toHex } from "../../domain/canonical-bytes.ts";
import {
  GOLDEN,
  GOLDEN_CAPTURE,
  GOLDEN_SCOPE,
  GOLDEN_TIME,
  goldenCommand,
} from "../../testing/golden-vector.ts";
import { postgresLedger } from "../../testing/postgres-ledger.ts";
import { nodeSha256 } from "../node/sha256.ts";
import { bytesArray } from "./array-literals.ts";

it("comes to the bytes that the design fixes, in the database itself", async () => {
  await using ledger = await postgresLedger();
  const owner = ledger.as("owner");
  await owner.sql.unsafe(`create or replace function ledger.posting_time() returns timestamptz language sql
    as $$ select timestamptz '${GOLDEN_TIME}' $$`);
  await ledger.ports.books.open(GOLDEN_SCOPE);
  await owner.sql`update ledger.book set recorded_at = ${GOLDEN_TIME}::text::timestamptz`;
  const [before] = await owner.sql`select encode(head, 'hex') as head from ledger.book`;
  expect(before).toEqual({ head: GOLDEN.genesis });
  const requestHash = nodeSha256(canonicalWriter().text("x").bytes());
  const drafts = [GOLDEN_CAPTURE, goldenCommand(requestHash)];
  expect(await ledger.ports.postings.post(GOLDEN_SCOPE, drafts)).toEqual([
    { code: "POSTED", seq: 1 },
    { code: "LIMIT_EXCEEDED", seq: 0 },
  ]);
  const [row] = await owner.sql`
    select encode(t.leaf, 'hex') as "transactionLeaf", encode(r.leaf, 'hex') as "rejectionLeaf",
      encode(k.root, 'hex') as root, encode(k.hash, 'hex') as "blockHash", encode(b.head, 'hex') as head
    from ledger.txn t, ledger.rejection r, ledger.block k, ledger.book b`;
  const { transactionLeaf, rejectionLeaf, root, blockHash } = GOLDEN;
  expect(row).toEqual({ transactionLeaf, rejectionLeaf, root, blockHash, head: blockHash });
});

it("makes the same tree of any number of leaves", async () => {
  await using ledger = await postgresLedger();
  for (const count of [1, 2, 3, 5, 8, 13, 64, 999]) {
    const leaves = Array.from({ length: count }, (_, i) => nodeSha256(canonicalWriter().i32(i).bytes()));
    const [row] = await ledger.as("owner").sql<{ root: string }[]>`
      select encode(ledger.merkle_root(${bytesArray(leaves)}::bytea[]), 'hex') as root`;
    expect([count, row?.root]).toEqual([count, toHex(merkleRoot(leaves, nodeSha256))]);
  }
});
