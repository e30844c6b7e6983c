import type { Scope } from "@oi/kernel/scope";
import { afterAll, beforeAll, expect, it } from "vitest";
import { describeAdjustments } from "../../application/adjustments.contract.ts";
import { describePostings } from "../../application/postings.contract.ts";
import { describeReads } from "../../application/reads.contract.ts";
import { totalsByCurrency } from "../../domain/account.ts";
import type { Draft } from "../../domain/draft.ts";
import { captured, draft, freshScope, receivedEvent } from "../../testing/facts.ts";
import { type PostgresLedger, postgresLedger } from "../../testing/postgres-ledger.ts";
import { bookId } from "./book-id.ts";

let ledger: PostgresLedger;

beforeAll(async () => {
  ledger = await postgresLedger();
});

afterAll(() => ledger[Symbol.asyncDispose]());

describePostings("postgres", () => ledger.ports);
describeReads("postgres", () => ledger.ports);
describeAdjustments("postgres", () => ledger.ports);

const WRITERS = 8;
const PAYMENTS = 800;

/**
 * What eight writers bring to one book: each its own share of the payments, and after every tenth one a payment that it
 * or another brings as well, the same event again or the fact under another event. In batches, half of them of one.
 */
function sharesOf(scope: Scope): readonly (readonly (readonly Draft[])[])[] {
  const drafts = Array.from({ length: PAYMENTS }, (_, i) => draft(captured({ scope, paymentId: i + 1 })));
  return Array.from({ length: WRITERS }, (_, writer) => {
    const work = drafts
      .filter((_draft, i) => i % WRITERS === writer)
      .flatMap((made, i) => {
        const again = drafts[(i * 37 + writer * 11) % PAYMENTS];
        if (i % 10 !== 0 || !again) return [made];
        return [made, i % 20 === 0 ? again : { ...again, source: captured().source }];
      });
    const batches: (readonly Draft[])[] = [];
    for (let n = writer; work.length > 0; n += 1) batches.push(work.splice(0, n % 2 === 0 ? 1 : 20 + n));
    return batches;
  });
}

it("gives eight writers with one duplicate in ten one posting each: no gap, no drift, no deadlock", async () => {
  const scopes = [freshScope(), freshScope(), freshScope("TEST")];
  for (const scope of scopes) await ledger.ports.books.open(scope);
  const shares = scopes.map(sharesOf);
  const sent = shares.flat(2).reduce((sum, batch) => sum + batch.length, 0);
  expect(sent).toBe((PAYMENTS * scopes.length * 11) / 10);
  const codes = new Map<string, number>();
  await Promise.all(
    Array.from({ length: WRITERS }, async (_, writer) => {
      const turns = Math.max(...shares.map((share) => share[writer]?.length ?? 0));
      for (let turn = 0; turn < turns; turn += 1) {
        for (const [book, scope] of scopes.entries()) {
          const batch = shares[book]?.[writer]?.[turn] ?? [];
          for (const { code } of await ledger.ports.postings.post(scope, batch))
            codes.set(code, (codes.get(code) ?? 0) + 1);
        }
      }
    }),
  );
  const all = PAYMENTS * scopes.length;
  expect(Object.fromEntries(codes)).toEqual({ POSTED: all, REPLAYED: sent - all });
  for (const scope of scopes) {
    const id = bookId(scope);
    const [rows] = await ledger.as("owner").sql`
      select (select count(*)::int from ledger.txn where book_id = ${id}) as transactions,
        (select count(distinct idem_key)::int from ledger.txn where book_id = ${id}) as keys,
        (select last_seq::int from ledger.book where id = ${id}) as last_seq,
        (select count(*)::int from ledger.entry where book_id = ${id}) as entries,
        (select count(*)::int from ledger.inbox where book_id = ${id} and outcome = 'POSTED') as heard`;
    expect(rows).toEqual({
      ...{ transactions: PAYMENTS, keys: PAYMENTS, last_seq: PAYMENTS },
      ...{ entries: PAYMENTS * 4, heard: PAYMENTS },
    });
    const book = await ledger.ports.reads.allAccounts(scope);
    for (const total of totalsByCurrency(book?.accounts ?? []))
      expect(total.debitsMinor).toBe(total.creditsMinor);
  }
  expect(await drift()).toEqual([]);
}, 60_000);

/** Every stored figure that its entries do not add up to. Written apart from the code that it judges. */
function drift(): Promise<readonly object[]> {
  return ledger.as("owner").run(
    (sql) => sql`
      select 'gap' as what, b.id::text as which from ledger.book b
        where b.last_seq <> (select count(*) from ledger.txn t where t.book_id = b.id)
          or b.last_seq <> (select coalesce(max(t.seq), 0) from ledger.txn t where t.book_id = b.id)
      union all
      select 'balance', s.account_id::text from ledger.account_balance s
        left join (
          select account_id, sum(greatest(amount, 0)) as debits, sum(greatest(-amount, 0)) as credits, count(*) as version
          from ledger.entry group by 1) e using (account_id)
        where (s.debits, s.credits, s.version)
          <> (coalesce(e.debits, 0), coalesce(e.credits, 0), coalesce(e.version, 0))
      union all
      select 'day', coalesce(d.account_id, e.account_id)::text from ledger.account_day d
        full join (
          select e.account_id, t.business_date as day, sum(greatest(e.amount, 0)) as debits,
            sum(greatest(-e.amount, 0)) as credits
          from ledger.entry e join ledger.txn t using (book_id, seq) group by 1, 2) e using (account_id, day)
        where (d.debits, d.credits) is distinct from (e.debits, e.credits)
      union all
      select 'item', coalesce(o.ref, e.ref) from ledger.open_item o
        full join (
          select account_id, ref, sum(amount) as amount, min(seq) as opened_seq, max(seq) as last_seq
          from ledger.entry where ref is not null group by 1, 2) e using (account_id, ref)
        where (o.amount, o.opened_seq, o.last_seq) is distinct from (e.amount, e.opened_seq, e.last_seq)
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
        left join (select book_id, seq, count(*) as legs from ledger.entry group by 1, 2) e using (book_id, seq)
        where t.entry_count is distinct from e.legs`,
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
