import { setTimeout as sleep } from "node:timers/promises";
import { newEventId, systemRandom } from "@oi/platform/service/random";
import { connect, type JetStreamClient, headers as natsHeaders } from "nats";
import {
  type CpuTimes,
  cpuOfFamily,
  cpuOfMachine,
  cpuTimes,
  shareOfOthers,
  since,
  total,
} from "../support/cpu.ts";
import { floodAll, floodOne, floodWarmUp } from "./flood.ts";
import { openReceivers, type Receivers } from "./receivers.ts";
import { type Arm, addressOf, isTimed, kindOf, type Load } from "./shape.ts";
import type { Service, Store, World } from "./world.ts";

export type ArmResult = {
  readonly arm: Arm;
  readonly perSecond: number;
  /** From the publish to the first byte at the receiver, ascending; what never came waited until the end. */
  readonly lagsMs: readonly number[];
  readonly undelivered: number;
  /** Milliseconds of CPU per delivery, by process. */
  readonly cpuMs: CpuTimes;
  /** How much of the machine somebody else used. */
  readonly othersShare: number;
};

const SETTLE_MS = 3_000;
const PATIENCE_MS = 5_000;
const WARM_UP_LIMIT_MS = 60_000;

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

async function empty({ owner }: Store): Promise<void> {
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

/** Publishes at an even pace; events of the first seconds are not timed. */
async function publish(jetstream: JetStreamClient, load: Load, journal: Journal): Promise<void> {
  const random = systemRandom();
  const begun = performance.now();
  const count = load.seconds * load.rate;
  for (let n = 0; n < count; n++) {
    const dueMs = begun + (n / load.rate) * 1_000;
    const restMs = dueMs - performance.now();
    if (restMs > 0) await sleep(restMs);
    const application = 1 + (n % load.endpoints);
    const id = newEventId(random, Date.now());
    const headers = natsHeaders();
    headers.set("ce-id", id);
    if (isTimed(load, application) && performance.now() - begun > SETTLE_MS)
      journal.sent.set(id, performance.now());
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

async function warmUp(store: Store, load: Load, journal: Journal): Promise<void> {
  const wanted = journal.arrivals + load.warmUp;
  const limit = performance.now() + WARM_UP_LIMIT_MS;
  await floodWarmUp(store, load);
  while (journal.arrivals < wanted) {
    if (performance.now() > limit) throw new Error("the service did not warm up");
    await sleep(20);
  }
}

type Measured = Omit<ArmResult, "arm" | "cpuMs" | "othersShare"> & { readonly arrivals: number };

async function runBurst(store: Store, load: Load, journal: Journal): Promise<Measured> {
  const from = performance.now();
  const before = journal.arrivals;
  await floodAll(store, load, load.burst);
  const arrivals = (): number => journal.arrivals - before;
  // The rate is that of what came after the last row was there.
  const early = arrivals();
  const ready = performance.now();
  while (arrivals() < load.burst && performance.now() - from < load.seconds * 6_000) await sleep(20);
  const perSecond = ((arrivals() - early) / (performance.now() - ready)) * 1_000;
  return { perSecond, lagsMs: [], undelivered: load.burst - arrivals(), arrivals: arrivals() };
}

async function runLoad(jetstream: JetStreamClient, load: Load, journal: Journal): Promise<Measured> {
  const before = journal.arrivals;
  const begun = performance.now();
  await publish(jetstream, load, journal);
  const limit = performance.now() + PATIENCE_MS;
  while (journal.sent.size > 0 && performance.now() < limit) await sleep(20);
  const arrivals = journal.arrivals - before;
  const perSecond = (arrivals / (performance.now() - begun)) * 1_000;
  const undelivered = journal.sent.size;
  for (const at of journal.sent.values()) journal.lags.push(performance.now() - at);
  return { perSecond, lagsMs: journal.lags.toSorted((a, b) => a - b), undelivered, arrivals };
}

/** Runs the work and adds what it cost. */
async function measured(
  world: World,
  service: Service,
  arm: Arm,
  work: () => Promise<Measured>,
): Promise<ArmResult> {
  const read = (): CpuTimes => ({
    ...cpuTimes({ service: [service.pid], "receivers and load": [process.pid] }),
    postgresql: cpuOfFamily(world.serverPid),
  });
  const [begun, before, machine] = [performance.now(), read(), cpuOfMachine()];
  const { arrivals, ...result } = await work();
  const used = since(before, read());
  const others = shareOfOthers(cpuOfMachine() - machine, total(used), performance.now() - begun);
  const each = Object.entries(used).map(([name, ms]) => [name, ms / Math.max(1, arrivals)]);
  return { arm, ...result, cpuMs: Object.fromEntries(each), othersShare: others };
}

/** One arm on an empty database and a fresh process, warmed up while every receiver is well. */
export async function runArm(world: World, arm: Arm, load: Load): Promise<ArmResult> {
  const store = arm === "NAIVE" ? world.naive : world.ours;
  await empty(store);
  await using receivers = await openReceivers();
  setConducts(world, receivers, load, false);
  await using service = await world.startService(store);
  await register(service.jsonUrl, load, receivers.port);
  const connection = await connect({ servers: new URL(world.natsUrl).host });
  try {
    const manager = await connection.jetstreamManager();
    await manager.streams.add({ name: "PAYMENTS", subjects: ["payments.>"] }).catch(() => undefined);
    const journal = keepJournal(receivers);
    await warmUp(store, load, journal);
    const isSick = arm === "SICK" || arm === "NAIVE";
    setConducts(world, receivers, load, isSick);
    if (isSick) await floodOne(store, load);
    await world.checkpoint();
    const run = (): Promise<Measured> =>
      arm === "BURST" ? runBurst(store, load, journal) : runLoad(connection.jetstream(), load, journal);
    return await measured(world, service, arm, run);
  } finally {
    await connection.close();
  }
}
