import type { Scope } from "@oi/kernel/scope";
import type { InboundEvent } from "@oi/platform/events/envelope";
import { eventually } from "@oi/testkit/eventually";
import { type TestNats, testNats } from "@oi/testkit/nats";
import { afterAll, beforeAll, expect, it } from "vitest";
import { nodeSha256 } from "./adapters/node/sha256.ts";
import { bookId } from "./adapters/postgres/book-id.ts";
import { postgresSnapshots } from "./adapters/postgres/snapshots.ts";
import { verifyBook } from "./application/verify-book.ts";
import { verified } from "./testing/drain.ts";
import { freshScope } from "./testing/facts.ts";
import {
  freshEventId,
  inbound,
  LATE_RECORDED,
  lateRecorded,
  refunded,
  SUCCEEDED,
  succeeded,
} from "./testing/payment-events.ts";
import { type PaymentsStream, paymentsStream } from "./testing/payments-stream.ts";
import { type PostgresLedger, postgresLedger } from "./testing/postgres-ledger.ts";
import { startService } from "./testing/service-process.ts";

/**
 * Real: the service as a process that is killed with SIGKILL and started again, PostgreSQL, NATS. Double: the outbox of
 * `payments`, a list in memory behind the platform's own relay. Judge: the rows of the database, counted, and the proof
 * of the book. `KILL_RUNS=50` runs each failpoint so often.
 */
const RUNS = Number(process.env.KILL_RUNS ?? 1);

let stack: AsyncDisposableStack;
let nats: TestNats;
let ledger: PostgresLedger;
let stream: PaymentsStream;

beforeAll(async () => {
  stack = new AsyncDisposableStack();
  nats = stack.use(await testNats());
  ledger = stack.use(await postgresLedger());
  stream = stack.use(paymentsStream(nats.url));
  // A batch takes its time, so that a process can die while the server is in the middle of it.
  await ledger.as("owner").sql.unsafe(`
    create function ledger.take_time() returns trigger language plpgsql as
      $$ begin perform pg_sleep(0.2); return null; end $$;
    create trigger take_time after insert on ledger.block for each statement execute function ledger.take_time();`);
});
afterAll(() => stack.disposeAsync());

const PAYMENTS = 60;
/** Per payment: the charge, late money, and the refund that returns it with its outcome. */
const FACTS = PAYMENTS * 4;
const REPEATS = PAYMENTS / 10;

/** They come in three waves, so that there are three batches at least. */
const WAVES = 3;

/** What `payments` says of a wave's payments; every tenth success is said twice, by another event. */
function eventsOf({ applicationId }: Scope, wave: number): readonly InboundEvent[] {
  const first = (PAYMENTS / WAVES) * wave;
  return Array.from({ length: PAYMENTS / WAVES }, (_, n) => {
    const i = first + n;
    const charge = { applicationId, paymentId: i + 1 };
    const late = { ...charge, refundId: i + 1, originRef: String(i + 1) };
    const success = inbound(SUCCEEDED, succeeded(charge));
    return [
      success,
      inbound(LATE_RECORDED, lateRecorded(charge, i + 1)),
      inbound("payments.refund.requested", refunded(late)),
      inbound("payments.refund.succeeded", refunded(late)),
      ...(i % 10 === 0 ? [{ ...success, ...renamed() }] : []),
    ];
  }).flat();
}

function renamed(): Pick<InboundEvent, "id" | "headers"> {
  const id = freshEventId();
  return { id, headers: { "ce-id": id } };
}

async function counts(scope: Scope): Promise<Record<string, number>> {
  const book = bookId(scope);
  const [row] = await ledger.as("owner").sql<Record<string, number>[]>`
    select count(*)::int as posted, count(distinct t.idem_key)::int as keys, count(distinct t.event_id)::int as events,
      max(t.seq)::int as last_seq,
      (select count(*)::int from ledger.inbox i where i.book_id = ${book} and i.outcome = 'POSTED') as heard,
      (select count(*)::int from ledger.inbox i where i.book_id = ${book} and i.outcome = 'REPLAYED') as repeated,
      (select count(*)::int from ledger.open_item o where o.book_id = ${book} and o.amount <> 0) as open_items,
      (select sum(e.amount)::int from ledger.entry e where e.book_id = ${book}) as sum
    from ledger.txn t where t.book_id = ${book}`;
  return row ?? {};
}

/** Every fact once, whatever was repeated: no gap, no drift, and nothing left to deliver. */
async function judge(scope: Scope): Promise<void> {
  expect(await counts(scope)).toEqual({
    ...{ posted: FACTS, keys: FACTS, events: FACTS, last_seq: FACTS, heard: FACTS },
    repeated: REPEATS,
    // What the gateway owes for each payment, for its late money, and is owed for the refund of that.
    open_items: PAYMENTS * 3,
    sum: 0,
  });
  const snapshots = postgresSnapshots(ledger.database, 1);
  const verify = verifyBook({ snapshots, alarms: { raise: async () => {} }, sha256: nodeSha256 });
  expect(await verified(verify, scope)).toMatchObject({ firstBreak: null, transactions: FACTS });
  const parked = await ledger.as("owner").sql`select event_id from ledger.parked_event`;
  expect(parked).toHaveLength(0);
  // The one that was started again has heard of all that the dead one left unsaid.
  await eventually(
    async () => {
      const manager = await (await stream.link.connection()).jetstreamManager();
      const { num_pending, num_ack_pending } = await manager.consumers.info("PAYMENTS", "ledger");
      expect([num_pending, num_ack_pending]).toEqual([0, 0]);
    },
    { withinMs: 60_000 },
  );
}

it.each(["post.before_commit", "post.mid_transaction", "post.committed_no_ack"])(
  "posts every event exactly once when it is killed at %s",
  async (failpoint) => {
    const env = { LEDGER_DATABASE_URL: ledger.test.url, NATS_URL: nats.url, CONSUMER_ACK_WAIT_MS: "1000" };
    for (let run = 0; run < RUNS; run += 1) {
      const scope = freshScope();
      // In one batch or another: the first, the second, the third.
      await using service = startService(env, `${failpoint}:${(run % 3) + 1}`);
      for (let wave = 0; wave < WAVES; wave += 1) {
        stream.publish(...eventsOf(scope, wave));
        const done = (wave + 1) / WAVES;
        await eventually(
          async () =>
            expect(await counts(scope)).toMatchObject({ posted: FACTS * done, repeated: REPEATS * done }),
          { withinMs: 60_000 },
        );
      }
      // What it committed last is seen before its death is.
      await eventually(() => expect(service.wasKilled()).toBe(true));
      await judge(scope);
    }
  },
  90_000 * RUNS,
);
