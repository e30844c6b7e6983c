import { fromRpcError } from "@oi/platform/rpc/errors";
import { Mode } from "@oi/proto/common/v1/mode";
import type { AsOf } from "@oi/proto/ledger/v1/ledger_service";
import { toTimestamp } from "@oi/proto/public/time";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { Fact } from "../../domain/fact.ts";
import { captured, draft, freshScope, lateMoney, refund } from "../../testing/facts.ts";
import { type RunningLedger, runningLedger } from "../../testing/running-ledger.ts";

// Real: PostgreSQL and the whole service; the clock of the postings is set by hand. Oracle: sums done here.
const DAY_MS = 86_400_000;
const NOW = Date.now();
const ago = (days: number): number => NOW - days * DAY_MS;
const scope = freshScope();
const book = { applicationId: BigInt(scope.applicationId), mode: Mode.LIVE };
const PAYABLE = { path: "Liabilities:Merchant:Payable", currency: "BDT" };

let running: RunningLedger;
let reads: RunningLedger["reads"];

/** Posts one block as if it were so many days ago; what happened, happened when it says. */
async function postedDaysAgo(days: number, facts: readonly Fact[]): Promise<void> {
  const { as, ports } = running.ledger;
  await as(
    "owner",
  ).sql.unsafe(`create or replace function ledger.posting_time() returns timestamptz language sql as
    $$ select to_timestamp(${ago(days) / 1_000}) $$`);
  await ports.postings.post(scope, facts.map(draft));
}

beforeAll(async () => {
  running = await runningLedger();
  ({ reads } = running);
  await running.ledger.ports.books.open(scope);
  await running.ledger.as("owner").sql`update ledger.book set recorded_at = to_timestamp(${ago(30) / 1_000})`;
  const of = (paymentId: number, days: number) => ({ scope, paymentId, occurredAt: ago(days) });
  await postedDaysAgo(10, [captured(of(1, 10)), captured(of(2, 12))]);
  await postedDaysAgo(5, [lateMoney(of(1, 5)), refund("RESERVE", { ...of(1, 5), refundId: 1 })]);
  // It comes a day after it happened, and before its reserve.
  await postedDaysAgo(1, [refund("SETTLE", { ...of(2, 2), refundId: 2 })]);
});
afterAll(() => running[Symbol.asyncDispose]());

const balance = async (at: AsOf["at"]) => {
  const { account, asOfSeq } = await reads.getBalance({ book, ...PAYABLE, asOf: { at } });
  return [account?.balanceMinor, asOfSeq];
};
const recorded = (ms: number) => ({ case: "recordedAt", value: toTimestamp(ms) }) as const;
const dayOf = (ms: number): string => new Date(ms + 6 * 3_600_000).toISOString().slice(0, 10);

it("knows each balance as of a time: what was recorded by then, whenever it happened", async () => {
  expect(await balance(recorded(ago(11)))).toEqual([0n, 0n]);
  expect(await balance(recorded(ago(10) - 1))).toEqual([0n, 0n]);
  expect(await balance(recorded(ago(10)))).toEqual([-120_000n, 2n]);
  expect(await balance(recorded(ago(6)))).toEqual([-120_000n, 2n]);
  expect(await balance(recorded(ago(5)))).toEqual([-119_000n, 4n]);
  expect(await balance(recorded(NOW))).toEqual([-119_000n, 5n]);
  expect(await balance({ case: undefined })).toEqual([-119_000n, 5n]);
});

it("knows each balance as of a day: what happened by then, whenever it was recorded", async () => {
  const day = (days: number) => ({ case: "businessDate", value: dayOf(ago(days)) }) as const;
  expect(await balance(day(13))).toEqual([0n, 5n]);
  expect(await balance(day(12))).toEqual([-60_000n, 5n]);
  expect(await balance(day(10))).toEqual([-120_000n, 5n]);
  expect(await balance(day(5))).toEqual([-119_000n, 5n]);
});

it("gives a trial balance of any moment, whose totals are equal", async () => {
  for (const at of [recorded(ago(7)), { case: "seq", value: 3n } as const]) {
    const { totals, accounts } = await reads.getTrialBalance({ book, asOf: { at } });
    expect(totals).toHaveLength(1);
    for (const { debitsMinor, creditsMinor } of totals) expect(debitsMinor).toBe(creditsMinor);
    const sum = accounts.reduce((all, one) => all + one.balanceMinor, 0n);
    expect(sum).toBe(0n);
  }
});

it("refuses a sequence that the book has not come to, which could still say anything", async () => {
  const asOf = { at: { case: "seq", value: 6n } } as const;
  for (const call of [reads.getBalance({ book, ...PAYABLE, asOf }), reads.getTrialBalance({ book, asOf })]) {
    const { reason, metadata, fields } = fromRpcError(await call.catch((error: unknown) => error));
    expect([reason, metadata, fields]).toEqual([
      "VALIDATION_ERROR",
      { cause: "AS_OF_IN_FUTURE" },
      { "asOf.seq": "must be at most 5" },
    ]);
  }
});

it("pages a statement in both directions, from the same balance", async () => {
  const path = "Assets:Gateway:Sslcommerz:Receivable";
  const walk = async (descending: boolean) => {
    const lines = [];
    for (let pageToken = ""; ; ) {
      const request = { book, path, currency: "BDT", fromSeq: 2n, descending, pageSize: 2, pageToken };
      const page = await reads.getStatement(request);
      // What the first payment left: 600.00 less its fee.
      expect(page.openingBalanceMinor).toBe(58_500n);
      lines.push(...page.lines.map((line) => [line.seq, line.leg, line.amountMinor, line.balanceAfterMinor]));
      pageToken = page.nextPageToken;
      if (!pageToken) return lines;
    }
  };
  const forwards = await walk(false);
  expect(forwards).toEqual([
    [2n, 1, 60_000n, 118_500n],
    [2n, 4, -1_500n, 117_000n],
    [3n, 1, 6_900n, 123_900n],
    [3n, 4, -172n, 123_728n],
    [5n, 2, -1_000n, 122_728n],
  ]);
  expect(await walk(true)).toEqual(forwards.toReversed());
});

it("lists what is open with its age, the oldest first, and what stands on the wrong side", async () => {
  const days = (seconds: bigint): number => Math.round(Number(seconds) / 86_400);
  const list = async (more: object = {}) =>
    (await reads.listOpenItems({ book, ...more })).items.map((item) => [
      item.ref,
      item.amountMinor,
      days(item.ageSeconds),
      item.wrongSign,
    ]);
  const receivable = { pathPrefix: "Assets:Gateway" };
  expect(await list(receivable)).toEqual([
    ["payment:1", 58_500n, 10, false],
    ["payment:2", 58_500n, 10, false],
    ["late:55", 6_728n, 5, false],
    ["refund:2", -1_000n, 1, false],
  ]);
  expect(await list({ ...receivable, minAgeSeconds: BigInt(6 * 86_400) })).toHaveLength(2);
  expect(await list({ pathPrefix: "Liabilities:Refunds" })).toEqual([
    ["refund:1", -1_000n, 5, false],
    ["refund:2", 1_000n, 1, true],
  ]);
  expect(await list({ wrongSignOnly: true })).toEqual([["refund:2", 1_000n, 1, true]]);
  const refs = [];
  for (let pageToken = ""; ; ) {
    const page = await reads.listOpenItems({ book, pageSize: 2, pageToken });
    refs.push(...page.items.map(({ path, ref }) => `${path} ${ref}`));
    pageToken = page.nextPageToken;
    if (!pageToken) break;
  }
  expect(refs).toHaveLength(7);
  expect(new Set(refs)).toHaveLength(7);
});
