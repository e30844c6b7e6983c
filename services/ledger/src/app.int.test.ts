import { randomUUID } from "node:crypto";
import { inMemoryTransport, rpcClient } from "@oi/platform/rpc/client";
import { silentLogger } from "@oi/platform/telemetry/logger";
import { Mode } from "@oi/proto/common/v1/mode";
import { LedgerService } from "@oi/proto/ledger/v1/ledger_service";
import { eventually } from "@oi/testkit/eventually";
import { type TestNats, testNats } from "@oi/testkit/nats";
import { afterAll, beforeAll, expect, it } from "vitest";
import { createApp, type LedgerApp } from "./app.ts";
import { readConfig } from "./config.ts";
import { freshScope } from "./testing/facts.ts";
import {
  freshEventId,
  inbound,
  LATE_RECORDED,
  lateRecorded,
  SUCCEEDED,
  succeeded,
} from "./testing/payment-events.ts";
import { type PaymentsStream, paymentsStream } from "./testing/payments-stream.ts";
import { type PostgresLedger, postgresLedger } from "./testing/postgres-ledger.ts";

// Real: PostgreSQL, nats-server, the whole service with its doors. Double: the outbox of `payments`, a list in memory
// behind the platform's own relay. Oracle: what the doors answer and what stands in the tables.
let stack: AsyncDisposableStack;
let nats: TestNats;
let ledger: PostgresLedger;
let stream: PaymentsStream;
let app: LedgerApp;

beforeAll(async () => {
  stack = new AsyncDisposableStack();
  nats = stack.use(await testNats());
  ledger = stack.use(await postgresLedger());
  await nats.stop();
  app = stack.use(
    await createApp(
      readConfig({
        LEDGER_DATABASE_URL: ledger.test.url,
        NATS_URL: nats.url,
        RPC_PORT: "0",
        OPS_PORT: "0",
        DB_LOCK_TIMEOUT_MS: "20",
        CONSUMER_ACK_WAIT_MS: "300",
      }),
      { log: silentLogger() },
    ),
  );
  stream = stack.use(paymentsStream(nats.url));
});

afterAll(() => stack.disposeAsync());

const readiness = async (): Promise<number> => (await fetch(`${app.rpc.jsonUrl}/readyz`)).status;

async function keysOf(applicationId: number, paymentId: number): Promise<readonly string[]> {
  const client = rpcClient(LedgerService, inMemoryTransport(app.rpc.services));
  const book = { applicationId: BigInt(applicationId), mode: Mode.LIVE };
  const { transactions } = await client.listTransactions({ book, reference: `payment:${paymentId}` });
  return transactions.map((one) => one.idempotencyKey);
}

async function seqOf(applicationId: number): Promise<bigint> {
  const client = rpcClient(LedgerService, inMemoryTransport(app.rpc.services));
  return (await client.getTrialBalance({ book: { applicationId: BigInt(applicationId), mode: Mode.LIVE } }))
    .asOfSeq;
}

const parked = (): Promise<readonly { source_id: string; reason: string }[]> =>
  ledger.database.run(
    (sql) =>
      sql`select source_id, reason from ledger.parked_event where resolved_at is null order by parked_at`,
  );

it("is ready while NATS is away, and posts as soon as it is there", async () => {
  await eventually(async () => expect(await readiness()).toBe(200));
  const { applicationId } = freshScope();
  stream.publish(inbound(SUCCEEDED, succeeded({ applicationId, paymentId: 1 })));
  await nats.start();
  await eventually(async () => expect(await keysOf(applicationId, 1)).toEqual(["payment:1:captured"]), {
    withinMs: 15_000,
  });
});

it("posts each fact once, however often it is delivered, and passes over what is no fact", async () => {
  const { applicationId } = freshScope();
  const captured = inbound(SUCCEEDED, succeeded({ applicationId, paymentId: 1 }));
  const late = inbound(LATE_RECORDED, lateRecorded({ applicationId, paymentId: 1 }, 5));
  stream.publish(captured, inbound("payments.payment.created", "{"), late);
  await eventually(async () => expect(await seqOf(applicationId)).toBe(2n));
  stream.repeat(captured.id);
  stream.repeat(late.id);
  stream.publish(inbound(SUCCEEDED, succeeded({ applicationId, paymentId: 1 }), freshEventId()));
  stream.publish(inbound(SUCCEEDED, succeeded({ applicationId, paymentId: 2 })));
  await eventually(async () => expect(await keysOf(applicationId, 2)).toHaveLength(1));
  expect(await seqOf(applicationId)).toBe(3n);
  expect(await keysOf(applicationId, 1)).toEqual(["payment:1:captured", "payment:1:late:5"]);
  expect(await parked()).toEqual([]);
});

it("puts events aside that cannot be posted, tells of them, and lets the others flow", async () => {
  const { applicationId } = freshScope();
  const good = inbound(SUCCEEDED, succeeded({ applicationId, paymentId: 1 }));
  const unreadable = inbound(SUCCEEDED, "no JSON \u0000");
  const nameless = inbound(SUCCEEDED, succeeded({ applicationId, paymentId: 2 }), randomUUID());
  const empty = inbound(SUCCEEDED, succeeded({ applicationId, paymentId: 3, amountMinor: 0n }));
  stream.publish(unreadable, good, nameless, empty);
  await eventually(async () => expect(await parked()).toHaveLength(3));
  await eventually(async () => expect(await keysOf(applicationId, 1)).toHaveLength(1));
  const conflict = inbound(SUCCEEDED, succeeded({ applicationId, paymentId: 1, amountMinor: 5n }));
  const other = inbound(SUCCEEDED, succeeded({ applicationId, paymentId: 4 }));
  stream.publish(conflict, other);
  await eventually(async () => expect(await keysOf(applicationId, 4)).toHaveLength(1));
  const expected = [
    [unreadable.id, "UNDECODABLE"],
    [nameless.id, "UNDECODABLE"],
    [empty.id, "INVALID_FACT"],
    [conflict.id, "KEY_CONFLICT"],
  ];
  await eventually(async () => {
    const rows = (await parked()).map((row) => [row.source_id, row.reason]);
    expect(rows.sort()).toEqual(expected.sort());
  });
  expect(await keysOf(applicationId, 1)).toEqual(["payment:1:captured"]);
  await eventually(async () => {
    const connection = await stream.link.connection();
    const info = await (await connection.jetstreamManager()).streams.info("LEDGER", {
      subjects_filter: "ledger.>",
    });
    expect(info.state.subjects).toEqual({ "ledger.event.parked": 4 });
  });
  await eventually(async () => {
    const rows = await ledger.database.run(
      (sql) => sql`select publishes from public.outbox where published_at is not null`,
    );
    expect(rows.map((row) => row.publishes)).toEqual([1, 1, 1, 1]);
  });
});

it("blames no event for a database that cannot be used, however often it was tried", async () => {
  const { applicationId } = freshScope();
  const waiting = await parked();
  const owner = ledger.as("owner");
  await owner.sql.begin(async (sql) => {
    await sql`lock table ledger.book in access exclusive mode`;
    stream.publish(inbound(SUCCEEDED, succeeded({ applicationId, paymentId: 1 })));
    await eventually(
      async () => {
        const connection = await stream.link.connection();
        const manager = await connection.jetstreamManager();
        const { delivered, num_redelivered } = await manager.consumers.info("PAYMENTS", "ledger");
        const stored = (await manager.streams.info("PAYMENTS")).state.last_seq;
        expect([delivered.stream_seq, num_redelivered]).toEqual([stored, 1]);
        // Each delivery of a message counts in the consumer's own sequence.
        expect(delivered.consumer_seq - delivered.stream_seq).toBeGreaterThan(12);
      },
      { withinMs: 20_000 },
    );
  });
  await eventually(async () => expect(await keysOf(applicationId, 1)).toHaveLength(1), { withinMs: 10_000 });
  expect(await parked()).toEqual(waiting);
}, 40_000);

it("goes on after the broker lost everything, and posts nothing twice and nothing false", async () => {
  const { applicationId } = freshScope();
  const first = inbound(SUCCEEDED, succeeded({ applicationId, paymentId: 1 }));
  stream.publish(first);
  await eventually(async () => expect(await seqOf(applicationId)).toBe(1n));
  await nats.kill();
  nats.wipe();
  await eventually(async () => expect(await readiness()).toBe(200));
  // Under the name of the first, which was posted, comes another payment.
  stream.publish(inbound(SUCCEEDED, succeeded({ applicationId, paymentId: 3 }), first.id));
  stream.publish(inbound(SUCCEEDED, succeeded({ applicationId, paymentId: 2 })));
  await nats.start();
  await eventually(async () => expect(await keysOf(applicationId, 2)).toHaveLength(1), { withinMs: 20_000 });
  expect(await seqOf(applicationId)).toBe(2n);
  expect(await keysOf(applicationId, 1)).toEqual(["payment:1:captured"]);
  await eventually(async () =>
    expect(await parked()).toContainEqual({ source_id: first.id, reason: "KEY_CONFLICT" }),
  );
  expect(await keysOf(applicationId, 3)).toEqual([]);
}, 40_000);

it("ends while the broker is away", async () => {
  await nats.kill();
  const begun = performance.now();
  await app[Symbol.asyncDispose]();
  // A request that was on its way to the broker is waited for, five seconds at most.
  expect(performance.now() - begun).toBeLessThan(10_000);
}, 20_000);
