import { Mode } from "@oi/proto/common/v1/mode";
import { afterAll, beforeAll, expect, it } from "vitest";
import { captured, draft, freshScope } from "../../testing/facts.ts";
import { type RunningLedger, runningLedger } from "../../testing/running-ledger.ts";
import { tellStory } from "../../testing/story.ts";

// Real: PostgreSQL and the whole service. Oracle: the outbox, which the platform's relay publishes as it stands. That of
// a parked event is followed to the stream in `app.int.test.ts`.
let running: RunningLedger;
const scope = freshScope();
const book = { applicationId: BigInt(scope.applicationId), mode: Mode.LIVE };

beforeAll(async () => {
  running = await runningLedger();
  // What was told of the story is told by doubles; only what follows counts here.
  await tellStory(running.ledger.ports, scope);
  await running.ledger.as("admin").sql`delete from public.outbox`;
});
afterAll(() => running[Symbol.asyncDispose]());

async function announced(): Promise<readonly Record<string, unknown>[]> {
  const rows = await running.ledger.as("admin").sql<Record<string, string>[]>`
    select id, subject, aggregate, headers, payload from public.outbox order by seq`;
  return rows.map(({ payload = "", ...row }) => ({ ...row, payload: JSON.parse(payload) }));
}

it("tells of an adjustment when it is posted, in the transaction that posts it, and not of a refused one", async () => {
  const before = (await announced()).length;
  const propose = async (amountMinor: bigint, conditions: object[]) => {
    const legs = [
      { path: "Expenses:WriteOff", currency: "BDT", amountMinor },
      { path: "Liabilities:Merchant:Payable", currency: "BDT", amountMinor: -amountMinor },
    ];
    const wish = { book, legs, conditions, reason: "agreed with the merchant" };
    const { adjustment } = await running.adjustments.proposeAdjustment(
      { ...wish, idempotencyKey: `tell-${amountMinor}` },
      { headers: { "oi-actor": "anik" } },
    );
    const id = adjustment?.id ?? 0n;
    await running.adjustments.approveAdjustment({ book, id }, { headers: { "oi-actor": "bela" } });
    return id;
  };
  const id = await propose(5n, []);
  await propose(6n, [{ path: "Expenses:WriteOff", currency: "BDT", maxMinor: 0n }]);
  const events = (await announced()).slice(before);
  expect(events).toMatchObject([
    {
      subject: "ledger.adjustment.posted",
      aggregate: `adjustment:${id}`,
      headers: { "ce-type": "ledger.adjustment.posted", "ce-source": "oi/ledger" },
      payload: {
        applicationId: String(scope.applicationId),
        mode: "MODE_LIVE",
        adjustmentId: String(id),
        maker: "anik",
        checker: "bela",
      },
    },
  ]);
  const [row] = await running.ledger.as("owner").sql<{ together: boolean }[]>`
    select t.xid = o.xid as together from ledger.txn t, public.outbox o
    where t.idem_key = o.aggregate and o.subject = 'ledger.adjustment.posted'`;
  expect(row?.together).toBe(true);
});

it("tells of a book that does not prove itself any more, and goes on posting to it", async () => {
  const before = (await announced()).length;
  const { as, ports } = running.ledger;
  await as("admin").sql.begin(async (sql) => {
    await sql`set local session_replication_role = replica`;
    await sql`update ledger.txn set actor = 'eve' where seq = 4`;
  });
  for await (const _ of running.reads.verifyBook({ book }));
  expect((await announced()).slice(before)).toMatchObject([
    {
      subject: "ledger.integrity.broken",
      aggregate: `book:${scope.applicationId}:LIVE`,
      payload: { mode: "MODE_LIVE", check: "V3", description: expect.stringContaining("leaf: expected") },
    },
  ]);
  const [outcome] = await ports.postings.post(scope, [draft(captured({ scope, paymentId: 77 }))]);
  expect(outcome?.code).toBe("POSTED");
});
