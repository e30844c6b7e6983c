import { fromRpcError } from "@oi/platform/rpc/errors";
import { Mode } from "@oi/proto/common/v1/mode";
import { AdjustmentStatus } from "@oi/proto/ledger/v1/adjustment";
import { afterAll, beforeAll, expect, it } from "vitest";
import { freshScope, unique } from "../../testing/facts.ts";
import { type RunningLedger, runningLedger } from "../../testing/running-ledger.ts";
import { tellStory } from "../../testing/story.ts";

// Real: PostgreSQL and the whole service. Every bad command is given twice and then corrected under its own key; what it
// must get is its reason, the same reason, and a conflict. Oracle: the doors, and the rows that the refusal left.
let running: RunningLedger;
let adjustments: RunningLedger["adjustments"];
let reads: RunningLedger["reads"];
const scope = freshScope();
const book = { applicationId: BigInt(scope.applicationId), mode: Mode.LIVE };

beforeAll(async () => {
  running = await runningLedger();
  ({ adjustments, reads } = running);
  await tellStory(running.ledger.ports, scope);
});
afterAll(() => running[Symbol.asyncDispose]());

type Leg = { path: string; currency: string; amountMinor: bigint; ref?: string };

const WRITE_OFF: Leg = { path: "Expenses:WriteOff", currency: "BDT", amountMinor: 5n };
const PAYABLE: Leg = { path: "Liabilities:Merchant:Payable", currency: "BDT", amountMinor: -5n };
const TOO_MUCH = 1_000_000_000_000_001n;
const freshKey = (): string => `refusal-${unique()}`;

const propose = (fields: object, idempotencyKey = freshKey()) =>
  adjustments.proposeAdjustment(
    { book, reason: "agreed with the merchant", idempotencyKey, ...fields },
    { headers: { "oi-actor": "anik" } },
  );
const approve = (id: bigint) =>
  adjustments.approveAdjustment({ book, id }, { headers: { "oi-actor": "bela" } });

async function refusalOf(call: Promise<unknown>): Promise<string> {
  return call.then(
    () => "accepted",
    (error) => {
      const { reason, metadata, fields } = fromRpcError(error);
      return [reason, metadata.cause ?? Object.keys(fields ?? {})[0] ?? ""].join(" ").trim();
    },
  );
}

const lastSeq = async (): Promise<bigint> => (await reads.getTrialBalance({ book })).asOfSeq;
/** As Dhaka's calendar has it: there it is tomorrow while it is still today in UTC. */
const daysFromNow = (days: number): string =>
  new Date(Date.now() + days * 86_400_000 + 6 * 3_600_000).toISOString().slice(0, 10);

it.each<[string, object, string]>([
  ["unbalanced", { legs: [WRITE_OFF, { ...PAYABLE, amountMinor: -4n }] }, "VALIDATION_ERROR UNBALANCED_LEGS"],
  ["one-legged", { legs: [WRITE_OFF] }, "VALIDATION_ERROR UNBALANCED_LEGS"],
  [
    "cross-currency",
    { legs: [WRITE_OFF, { ...PAYABLE, currency: "USD" }] },
    "VALIDATION_ERROR UNBALANCED_LEGS",
  ],
  [
    "zero",
    { legs: [WRITE_OFF, PAYABLE].map((leg) => ({ ...leg, amountMinor: 0n })) },
    "VALIDATION_ERROR AMOUNT_OUT_OF_RANGE",
  ],
  [
    "overflowing",
    {
      legs: [
        { ...WRITE_OFF, amountMinor: TOO_MUCH },
        { ...PAYABLE, amountMinor: -TOO_MUCH },
      ],
    },
    "VALIDATION_ERROR AMOUNT_OUT_OF_RANGE",
  ],
  [
    "of an account that no chart has",
    { legs: [{ ...WRITE_OFF, path: "Assets:Moon" }, PAYABLE] },
    "VALIDATION_ERROR UNKNOWN_ACCOUNT",
  ],
  [
    "of a clearing account without its open item",
    { legs: [{ ...WRITE_OFF, path: "Liabilities:Customers:LateMoney" }, PAYABLE] },
    "VALIDATION_ERROR MISPLACED_ITEM",
  ],
  [
    "backdated too far",
    { legs: [WRITE_OFF, PAYABLE], businessDate: daysFromNow(-401) },
    "VALIDATION_ERROR businessDate",
  ],
  [
    "of tomorrow",
    { legs: [WRITE_OFF, PAYABLE], businessDate: daysFromNow(1) },
    "VALIDATION_ERROR businessDate",
  ],
  ["a reversal of nothing", { reverseSeq: 99_999n }, "RESOURCE_NOT_FOUND TRANSACTION_NOT_FOUND"],
])("refuses what is %s, and keeps the refusal", async (_, fields, refusal) => {
  const before = await lastSeq();
  const key = freshKey();
  expect(await refusalOf(propose(fields, key))).toBe(refusal);
  expect(await refusalOf(propose(fields, key))).toBe(refusal);
  expect(await refusalOf(propose({ legs: [WRITE_OFF, PAYABLE] }, key))).toBe("IDEMPOTENCY_KEY_CONFLICT");
  const [row] = await running.ledger.as("owner").sql<{ id: string; status: string }[]>`
    select id::text, status from ledger.adjustment where idem_key = ${key}`;
  expect(row?.status).toBe("INVALID");
  const id = BigInt(row?.id ?? 0);
  const { adjustment } = await adjustments.getAdjustment({ book, id });
  expect(adjustment).toMatchObject({ status: AdjustmentStatus.REFUSED, maker: "anik" });
  expect(adjustment?.refusal).toContain(refusal.split(" ")[1]);
  expect(await refusalOf(approve(id))).toBe("INVALID_OPERATION_STATE ADJUSTMENT_NOT_OPEN");
  expect(await lastSeq()).toBe(before);
});

it("gives a proposal that was good the same answer for ever, whatever became of its transaction", async () => {
  const posted = await approve((await propose({ legs: [WRITE_OFF, PAYABLE] })).adjustment?.id ?? 0n);
  const key = freshKey();
  const reverse = () => propose({ reverseSeq: posted.adjustment?.seq }, key);
  const { adjustment: first } = await reverse();
  await approve(first?.id ?? 0n);
  // Proposed anew it would be refused, for it is reversed by now.
  expect((await reverse()).adjustment).toMatchObject({ id: first?.id, status: AdjustmentStatus.POSTED });
  expect(await refusalOf(propose({ reverseSeq: posted.adjustment?.seq }))).toBe(
    "INVALID_OPERATION_STATE ALREADY_REVERSED",
  );
});

it("refuses an account that the book never opened when it is approved, and chains the refusal", async () => {
  const path = "Assets:Gateway:Nobody:Receivable";
  const legs = [{ ...WRITE_OFF, path, ref: "payment:1" }, PAYABLE];
  const id = (await propose({ legs })).adjustment?.id ?? 0n;
  for (let i = 0; i < 2; i += 1)
    expect((await approve(id)).adjustment).toMatchObject({
      status: AdjustmentStatus.REFUSED,
      refusal: "ACCOUNT_NOT_FOUND",
    });
  const name = { case: "idempotencyKey", value: `adjustment:${id}` } as const;
  const { rejection } = await reads.getTransaction({ book, name });
  expect(rejection).toMatchObject({ code: "ACCOUNT_NOT_FOUND", idempotencyKey: `adjustment:${id}` });
  const { blocks } = await reads.listBlocks({ book, fromBlock: rejection?.blockNo ?? 0n });
  expect(blocks[0]).toMatchObject({ blockNo: rejection?.blockNo, leafCount: 1 });
});

it("takes a posting for a past day as what it is: no balance of a sequence moves, only those of the days", async () => {
  const businessDate = daysFromNow(-400);
  const key = { path: "Expenses:WriteOff", currency: "BDT" };
  const balance = async (at: object) =>
    (await reads.getBalance({ book, ...key, asOf: { at } as never })).account?.balanceMinor ?? 0n;
  const seq = { case: "seq", value: await lastSeq() };
  const [then, day] = [await balance(seq), await balance({ case: "businessDate", value: businessDate })];
  const { adjustment } = await approve(
    (await propose({ legs: [WRITE_OFF, PAYABLE], businessDate })).adjustment?.id ?? 0n,
  );
  expect(adjustment?.status).toBe(AdjustmentStatus.POSTED);
  expect(await balance(seq)).toBe(then);
  expect(await balance({ case: "businessDate", value: businessDate })).toBe(day + 5n);
});

it("refuses a book that is not there, where nothing can be kept", async () => {
  const nowhere = { applicationId: 999_999n, mode: Mode.LIVE };
  expect(await refusalOf(propose({ book: nowhere, legs: [WRITE_OFF] }))).toBe(
    "RESOURCE_NOT_FOUND BOOK_NOT_FOUND",
  );
});

it("proves a book with all its refusals", async () => {
  const steps = [];
  for await (const { step } of reads.verifyBook({ book })) steps.push(step);
  expect(steps.at(-1)).toMatchObject({ case: "result", value: { ok: true } });
});
