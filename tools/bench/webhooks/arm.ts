import { setTimeout as sleep } from "node:timers/promises";
import { newEventId, systemRandom } from "@oi/platform/service/random";
import { connect, type JetStreamClient, headers as natsHeaders } from "nats";
import { removeIsolation } from "./naive.ts";
import { openReceivers, type Receivers } from "./receivers.ts";
import type { World } from "./world.ts";

/** BURST: everything is due at once, to see how many deliveries a second there can be. */
export type Arm = "HEALTHY" | "SICK" | "BURST" | "NAIVE";

export type Load = {
  readonly seconds: number;
  readonly rate: number;
  readonly endpoints: number;
  readonly backlog: number;
};

export type ArmResult = {
  readonly arm: Arm;
  readonly perSecond: number;
  /** Events to endpoints that are well in every arm. */
  readonly healthy: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  readonly undelivered: number;
};

const WARM_UP_MS = 3_000;
const PATIENCE_MS = 5_000;
const FIRST_HEALTHY = 7;

/** Of every twenty: two hang, two refuse, two drip, one has a dead name. */
function kindOf(i: number): "OK" | "HANG" | "REFUSE" | "DRIP" | "NAME" {
  const place = i % 20;
  if (place < 2) return "HANG";
  if (place < 4) return "REFUSE";
  if (place < 6) return "DRIP";
  return place === 6 ? "NAME" : "OK";
}

/** One that is well and has a backlog. */
const floodedOf = ({ endpoints }: Load): number => endpoints - 1;

const addressOf = (i: number): string => `127.20.${i >> 8}.${i & 255}`;

async function register(jsonUrl: string, load: Load, port: number): Promise<void> {
  for (let i = 1; i <= load.endpoints; i++) {
    const host = kindOf(i) === "NAME" ? `h${i}.bench.example` : addressOf(i);
    const answer = await fetch(`${jsonUrl}/oi.webhooks.v1.EndpointsService/EnsureDefaultEndpoints`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({
        applicationId: String(i),
        applicationVersion: "1",
        url: `http://${host}:${port}/hook`,
      }),
    });
    if (!answer.ok) throw new Error(`an endpoint was refused: ${await answer.text()}`);
  }
}

async function empty({ owner }: World): Promise<void> {
  await owner`truncate delivery, attempt, event, event_body, inbox, outbox, endpoint, endpoint_secret,
    endpoint_history, application_target, recovery, parked_event`;
}

function payloadFor(application: number, n: number): string {
  const scope = { applicationId: String(application), mode: "MODE_LIVE" };
  const at = "2026-06-04T10:00:00.123Z";
  const amount = { amountMinor: "150000", currency: "BDT" };
  const payment = {
    ...scope,
    id: String(n),
    reference: `pay_bench${n}`,
    status: "PAYMENT_STATUS_SUCCEEDED",
    amount,
    customerReference: "bench",
    gateway: "SSLCOMMERZ",
    checkoutUrl: "https://pay.example/c",
    createdAt: at,
    updatedAt: at,
    version: "3",
  };
  return JSON.stringify({ ...scope, occurredAt: at, paymentId: String(n), amount, payment });
}

/** Rows that are due now, as the fan-out would have made them; endpoints share them evenly, or one has all. */
async function flood(
  { owner }: World,
  count: number,
  applications: number | null,
  load: Load,
): Promise<void> {
  const first = applications === null ? floodedOf(load) : 1;
  const span = applications ?? 1;
  await owner`
    insert into event (id, application_id, mode, type, aggregate, sequence, occurred_at, snapshot)
    select 'flood' || i, ${first}::int + i % ${span}::int, 'LIVE', 'payment.succeeded', 'p' || i, 1, now(), '{}'
    from generate_series(1, ${count}::int) i`;
  await owner`
    insert into event_body select id, 1, 'FULL', convert_to(repeat('x', 1200), 'UTF8'), sha256('') from event
    where id like 'flood%'`;
  await owner`
    insert into delivery (event_id, endpoint_id, application_id, mode, type, aggregate, sequence, schema_version, style, filter_version)
    select v.id, e.id, v.application_id, v.mode, v.type, v.aggregate, 1, 1, 'FULL', 1 from event v
    join endpoint e on e.application_id = v.application_id and e.mode = 'LIVE' where v.id like 'flood%'`;
  await owner`analyze delivery`;
}

type Journal = { readonly sent: Map<string, number>; readonly lags: number[]; arrivals: number };

function keepJournal(receivers: Receivers): Journal {
  const journal: Journal = { sent: new Map(), lags: [], arrivals: 0 };
  receivers.onArrival = (id, at) => {
    journal.arrivals += 1;
    const sentAt = journal.sent.get(id);
    if (sentAt === undefined) return;
    journal.sent.delete(id);
    journal.lags.push(at - sentAt);
  };
  return journal;
}

/** Publishes to one healthy endpoint until something arrives: the service has found its stream. */
async function untilHeard(jetstream: JetStreamClient, journal: Journal): Promise<void> {
  for (let n = 1; journal.arrivals === 0 && n <= 100; n++) {
    const id = newEventId(systemRandom(), Date.now());
    const headers = natsHeaders();
    headers.set("ce-id", id);
    const payload = payloadFor(FIRST_HEALTHY, 1_000_000 + n);
    await jetstream.publish("payments.payment.succeeded", payload, { msgID: id, headers });
    await sleep(300);
  }
}

/** Publishes at an even pace; only events to endpoints that are well in every arm are timed. */
async function publish(jetstream: JetStreamClient, load: Load, journal: Journal): Promise<void> {
  const random = systemRandom();
  const begun = performance.now();
  const total = load.seconds * load.rate;
  for (let n = 0; n < total; n++) {
    const dueMs = begun + (n / load.rate) * 1_000;
    const restMs = dueMs - performance.now();
    if (restMs > 0) await sleep(restMs);
    const application = 1 + (n % load.endpoints);
    const id = newEventId(random, Date.now());
    const headers = natsHeaders();
    headers.set("ce-id", id);
    const isTimed = kindOf(application) === "OK" && application !== floodedOf(load);
    if (isTimed && performance.now() - begun > WARM_UP_MS) journal.sent.set(id, performance.now());
    jetstream
      .publish("payments.payment.succeeded", payloadFor(application, n + 1), { msgID: id, headers })
      .catch(() => journal.sent.delete(id));
  }
}

function setConducts(world: World, receivers: Receivers, load: Load, isSick: boolean): void {
  world.dns.isSilent = isSick;
  receivers.conducts.clear();
  for (let i = 1; isSick && i <= load.endpoints; i++) {
    const kind = kindOf(i);
    if (kind !== "OK" && kind !== "NAME") receivers.conducts.set(addressOf(i), kind);
  }
}

async function runBurst(world: World, receivers: Receivers, load: Load): Promise<ArmResult> {
  const journal = keepJournal(receivers);
  const begun = performance.now();
  await flood(world, load.backlog, load.endpoints, load);
  const from = performance.now();
  const before = journal.arrivals;
  while (journal.arrivals < load.backlog && performance.now() - begun < load.seconds * 4_000) await sleep(20);
  const perSecond = ((journal.arrivals - before) / (performance.now() - from)) * 1_000;
  const undelivered = load.backlog - journal.arrivals;
  return { arm: "BURST", perSecond, healthy: load.backlog, p50Ms: 0, p99Ms: 0, maxMs: 0, undelivered };
}

async function runLoad(world: World, arm: Arm, receivers: Receivers, load: Load): Promise<ArmResult> {
  const connection = await connect({ servers: new URL(world.natsUrl).host });
  try {
    const manager = await connection.jetstreamManager();
    await manager.streams.add({ name: "PAYMENTS", subjects: ["payments.>"] }).catch(() => undefined);
    const journal = keepJournal(receivers);
    await untilHeard(connection.jetstream(), journal);
    if (arm !== "HEALTHY") await flood(world, load.backlog, null, load);
    journal.arrivals = 0;
    const begun = performance.now();
    await publish(connection.jetstream(), load, journal);
    const limit = performance.now() + PATIENCE_MS;
    while (journal.sent.size > 0 && performance.now() < limit) await sleep(20);
    const seconds = (performance.now() - begun) / 1_000;
    const undelivered = journal.sent.size;
    // What never came waited at least until now.
    for (const at of journal.sent.values()) journal.lags.push(performance.now() - at);
    const lags = journal.lags.sort((a, b) => a - b);
    const at = (share: number): number =>
      lags[Math.min(lags.length - 1, Math.floor(lags.length * share))] ?? 0;
    const spread = { p50Ms: at(0.5), p99Ms: at(0.99), maxMs: at(1) };
    return { arm, perSecond: journal.arrivals / seconds, healthy: lags.length, ...spread, undelivered };
  } finally {
    await connection.close();
  }
}

export async function runArm(world: World, arm: Arm, load: Load): Promise<ArmResult> {
  await empty(world);
  await using receivers = await openReceivers();
  setConducts(world, receivers, load, arm === "SICK" || arm === "NAIVE");
  if (arm === "NAIVE") await removeIsolation(world.owner);
  await using service = await world.startService();
  await register(service.jsonUrl, load, receivers.port);
  // Awaited here: the service ends with this scope.
  return arm === "BURST"
    ? await runBurst(world, receivers, load)
    : await runLoad(world, arm, receivers, load);
}
