import { afterAll, beforeAll, expect, it } from "vitest";
import { describePostings } from "../../application/postings.contract.ts";
import { describeReads } from "../../application/reads.contract.ts";
import { totalsByCurrency } from "../../domain/account.ts";
import { captured, draft, freshScope, receivedEvent } from "../../testing/facts.ts";
import { type PostgresLedger, postgresLedger } from "../../testing/postgres-ledger.ts";

let ledger: PostgresLedger;

beforeAll(async () => {
  ledger = await postgresLedger();
});

afterAll(() => ledger[Symbol.asyncDispose]());

describePostings("postgres", () => ledger.ports);
describeReads("postgres", () => ledger.ports);

it("gives eight writers with duplicates one posting each: no gap, no drift, no deadlock", async () => {
  const scopes = [freshScope(), freshScope(), freshScope("TEST")];
  for (const scope of scopes) await ledger.ports.books.open(scope);
  const PAYMENTS = 120;
  const drafts = scopes.map((scope) =>
    Array.from({ length: PAYMENTS }, (_, i) => draft(captured({ scope, paymentId: i + 1 }))),
  );
  /** Each writer walks all payments from another place, in batches of one and of many. */
  const write = async (writer: number): Promise<number> => {
    let posted = 0;
    for (let at = 0; at < PAYMENTS; ) {
      const size = (at + writer) % 2 === 0 ? 1 : 17;
      for (const [book, scope] of scopes.entries()) {
        const batch = Array.from(
          { length: size },
          (_, i) => drafts[book]?.[(at + i + writer * 13) % PAYMENTS],
        );
        const outcomes = await ledger.ports.postings.post(
          scope,
          batch.filter((one) => one !== undefined),
        );
        posted += outcomes.filter((one) => one.code === "POSTED").length;
      }
      at += size;
    }
    return posted;
  };
  const posted = await Promise.all(Array.from({ length: 8 }, (_, i) => write(i)));
  expect(posted.reduce((a, b) => a + b)).toBe(PAYMENTS * scopes.length);
  for (const scope of scopes) {
    const book = await ledger.ports.reads.allAccounts(scope);
    expect(book?.asOfSeq).toBe(PAYMENTS);
    expect(totalsByCurrency(book?.accounts ?? [])).toMatchObject([{ currency: "BDT" }]);
    for (const total of totalsByCurrency(book?.accounts ?? []))
      expect(total.debitsMinor).toBe(total.creditsMinor);
  }
  expect(await drift()).toEqual([]);
});

/** Every stored figure that its entries do not add up to. Written apart from the code that it judges. */
function drift(): Promise<readonly object[]> {
  return ledger.as("owner").run(
    (sql) => sql`
      select 'gap' as what, b.id::text as which from ledger.book b
        where b.last_seq <> (select count(*) from ledger.txn t where t.book_id = b.id)
          or b.last_seq <> (select coalesce(max(t.seq), 0) from ledger.txn t where t.book_id = b.id)
      union all
      select 'balance', s.account_id::text from ledger.account_balance s
        where (s.debits, s.credits, s.version) <> (
          select coalesce(sum(greatest(e.amount, 0)), 0), coalesce(sum(greatest(-e.amount, 0)), 0), count(*)
          from ledger.entry e where e.account_id = s.account_id)
      union all
      select 'day', d.account_id::text from ledger.account_day d
        where (d.debits, d.credits) <> (
          select coalesce(sum(greatest(e.amount, 0)), 0), coalesce(sum(greatest(-e.amount, 0)), 0)
          from ledger.entry e join ledger.txn t on t.book_id = e.book_id and t.seq = e.seq
          where e.account_id = d.account_id and t.business_date = d.day)
      union all
      select 'item', o.ref from ledger.open_item o
        where (o.amount, o.opened_seq, o.last_seq) <> (select sum(e.amount), min(e.seq), max(e.seq)
          from ledger.entry e where e.account_id = o.account_id and e.ref = o.ref)
      union all
      select 'chain', c.account_id::text from (
        select e.account_id, e.balance_after - sum(e.amount) over own as off,
          e.account_version - row_number() over own as skipped
        from ledger.entry e
        window own as (partition by e.account_id order by e.seq, e.leg rows unbounded preceding)) c
        where c.off <> 0 or c.skipped <> 0
      union all
      select 'inbox', t.event_id::text from ledger.txn t left join ledger.inbox i on i.event_id = t.event_id
        where t.event_id is not null
          and (i.outcome, i.seq, i.book_id, i.xid) is distinct from ('POSTED', t.seq, t.book_id, t.xid)
      union all
      select 'legs', t.seq::text from ledger.txn t
        where t.entry_count <> (select count(*) from ledger.entry e where e.book_id = t.book_id and e.seq = t.seq)`,
  );
}

it("never recorded a figure that its entries do not add up to", async () => {
  expect(await drift()).toEqual([]);
});

it("writes a parked event and its announcement together, and solves it when it is posted", async () => {
  const scope = freshScope();
  await ledger.ports.books.open(scope);
  const made = draft(captured({ scope }));
  const uuid = made.source?.eventUuid ?? "";
  const event = receivedEvent({ uuid, payload: "\u0000 no text", headers: { a: "\u0000" } });
  await ledger.ports.parkedEvents.park(event, "FAILED", "because");
  const state = () =>
    ledger.as("owner").run(
      (sql) => sql`
        select i.outcome, p.reason, p.error, p.payload, p.headers, p.resolution, o.subject, o.xid = i.xid as together
        from ledger.inbox i join ledger.parked_event p using (event_id)
        left join public.outbox o on o.xid = i.xid
        where i.event_id = ${uuid}`,
    );
  expect(await state()).toMatchObject([
    {
      outcome: "PARKED",
      reason: "FAILED",
      error: "because",
      payload: "\uFFFD no text",
      headers: { a: "\uFFFD" },
      resolution: null,
      subject: "ledger.event.parked",
      together: true,
    },
  ]);
  await ledger.ports.postings.post(scope, [made]);
  expect(await state()).toMatchObject([{ outcome: "POSTED", resolution: "POSTED" }]);
});
