import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { readDatabase } from "@oi/platform/config/common";
import { readEnv, Secret } from "@oi/platform/config/env";
import { openDatabase as openPool } from "@oi/platform/postgres/client";
import { systemRandom } from "@oi/platform/service/random";
import { eventually } from "@oi/testkit/eventually";
import { type TestNats, testNats } from "@oi/testkit/nats";
import type { TestDatabase } from "@oi/testkit/postgres";
import postgres from "postgres";
import { Webhook } from "standardwebhooks";
import { afterAll, beforeAll, expect, it } from "vitest";
import { doctorCodec } from "./adapters/crypto/doctor-codec.ts";
import { aesSecretBox } from "./adapters/crypto/secret-box.ts";
import { hmacSigner } from "./adapters/crypto/webhook-signer.ts";
import { createAddressPolicy } from "./adapters/http/address-policy.ts";
import { createTargetPolicy } from "./adapters/http/target-policy.ts";
import { postgresAdminStores } from "./adapters/postgres/admin-stores.ts";
import { createUseCases, type UseCases } from "./application/use-cases.ts";
import { type ChildService, startChild } from "./testing/child-service.ts";
import { KEK, openDatabase, paymentEvent, startProducer } from "./testing/running-app.ts";
import { answer, openSink, type Play, type Received, type Sink } from "./testing/sink.ts";
import { nextEventId, onceAt } from "./testing/stores.ts";

// Real: the service as a process that is killed with SIGKILL at a chosen place, PostgreSQL, NATS, HTTP.
// Double: the payments service's outbox. Oracles: the sink's journal, standardwebhooks, and the invariants.

const EVENTS = 24;
/** What may be in flight to one application when the process dies. */
const IN_FLIGHT = 16;

let database: TestDatabase;
let nats: TestNats;
let admin: postgres.Sql;
let producer: ReturnType<typeof startProducer>;
let useCases: UseCases;
const closing = new AsyncDisposableStack();
let applications = 0;

beforeAll(async () => {
  [database, nats] = await Promise.all([openDatabase(), testNats()]);
  admin = postgres(database.adminUrl, { max: 2, onnotice: () => {} });
  producer = startProducer(nats.url);
  const config = readEnv({ WEBHOOKS_DATABASE_URL: database.url }, (read) => readDatabase(read, "WEBHOOKS"));
  const stores = postgresAdminStores(closing.use(openPool(config, "operator", 2)));
  useCases = createUseCases({
    ...stores,
    policy: createTargetPolicy(createAddressPolicy(["127.0.0.0/8"])),
    secretBox: aesSecretBox([{ id: "k1", key: new Secret(KEK.slice(3)) }]),
    signer: hmacSigner(systemRandom()),
    codec: doctorCodec,
    nextEventId,
    now: () => Date.now(),
    onDue: () => undefined,
  });
});

afterAll(async () => {
  await closing.disposeAsync();
  await producer[Symbol.asyncDispose]();
  await admin.end();
  await nats[Symbol.asyncDispose]();
  await database[Symbol.asyncDispose]();
});

const start = (env: Readonly<Record<string, string>> = {}): Promise<ChildService> =>
  startChild({
    WEBHOOKS_DATABASE_URL: database.url,
    NATS_URL: nats.url,
    WEBHOOKS_KEKS: KEK,
    WEBHOOKS_EGRESS_ALLOW_CIDRS: "127.0.0.0/8",
    WEBHOOKS_DEADLINE_MS: "500",
    WEBHOOKS_LEASE_MS: "1500",
    WEBHOOKS_REAP_EVERY_MS: "200",
    NATS_ACK_WAIT_MS: "1500",
    TIME_SCALE: "0.0005",
    ...env,
  });

async function register(sink: Sink) {
  applications += 1;
  const applicationId = applications;
  const made = await useCases.ensureDefaults({ applicationId, version: 1, url: sink.url });
  const endpoint = made.endpoints.find(({ mode }) => mode === "TEST");
  if (!endpoint || made.secret === null) throw new Error("the endpoints were made before");
  return { applicationId, endpoint, secret: made.secret };
}

async function states(applicationId: number): Promise<Record<string, number>> {
  const rows = await admin<{ state: string; n: number }[]>`
    select state, count(*)::int as n from delivery where application_id = ${applicationId} group by 1`;
  return Object.fromEntries(rows.map(({ state, n }) => [state, n]));
}

function publish(applicationId: number): readonly string[] {
  return Array.from({ length: EVENTS }, () => {
    const event = paymentEvent(applicationId);
    producer.publish(event);
    return event.id;
  });
}

/** Every copy is genuine, copies of one event are the same bytes, and there are no more than the kill explains. */
function judge(received: readonly Received[], ids: readonly string[], secrets: readonly string[]): void {
  const copies = new Map<string, string[]>();
  for (const { headers, body } of received) {
    const isGenuine = secrets.some((secret) => {
      try {
        return new Webhook(secret).verify(body, headers as Record<string, string>) !== null;
      } catch {
        return false;
      }
    });
    expect(isGenuine).toBe(true);
    const id = String(headers["webhook-id"]);
    copies.set(id, [...(copies.get(id) ?? []), body]);
  }
  expect([...copies.keys()].sort()).toEqual([...ids].sort());
  for (const bodies of copies.values()) expect(new Set(bodies).size).toBe(1);
}

async function invariants(): Promise<string> {
  const tool = fileURLToPath(new URL("../../../tools/invariants.ts", import.meta.url));
  const as = ["--deadline-ms", "5000", "--time-scale", "0.0005", "--allow-cidrs", "127.0.0.0/8"];
  const child = spawn(process.execPath, [tool, "--webhooks", database.adminUrl, ...as], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let printed = "";
  child.stdout.on("data", (chunk: Buffer) => {
    printed += chunk.toString("utf8");
  });
  await new Promise((resolve) => child.once("exit", resolve));
  return printed;
}

const POINTS: Readonly<Record<string, { readonly play?: Play; readonly copies: number }>> = {
  "fanout.before_commit:1": { copies: 0 },
  "fanout.committed_no_ack:1": { copies: 0 },
  "dispatch.claimed:2": { copies: 0 },
  "dispatch.bytes_sent:7": { copies: IN_FLIGHT },
  "dispatch.ok_not_recorded:2": { copies: IN_FLIGHT },
  "dispatch.failure_recorded:1": {
    play: (r, q, n) => answer(n <= 3 ? 500 : 200)(r, q, n),
    copies: IN_FLIGHT,
  },
  "secret.rotated_mid_load:2": { copies: 0 },
};

for (const [point, { play = answer(200), copies }] of Object.entries(POINTS)) {
  it(`loses and doubles nothing when it is killed at ${point}`, async () => {
    await using sink = await openSink(play);
    const shop = await register(sink);
    const secrets = [shop.secret];
    await using doomed = await start({ FAILPOINT: point });
    const ids = publish(shop.applicationId);
    expect(await doomed.ended()).toBe("SIGKILL");
    if (point.startsWith("secret")) {
      const rotated = await useCases.secrets.rotate(onceAt(shop.endpoint), shop.endpoint.id, 0);
      secrets.push(rotated.secret ?? "");
    }
    await using _ = await start();
    await eventually(async () => expect(await states(shop.applicationId)).toEqual({ DELIVERED: EVENTS }), {
      withinMs: 20_000,
    });
    judge(sink.received, ids, secrets);
    const failures = point.startsWith("dispatch.failure") ? 3 : 0;
    expect(sink.received.length).toBeLessThanOrEqual(EVENTS + failures + copies);
  });
}

it("neither skips nor repeats when it is killed in the middle of a recovery", async () => {
  await using sink = await openSink();
  const shop = await register(sink);
  await admin`
    insert into event (id, application_id, mode, type, aggregate, sequence, occurred_at, snapshot)
    select 'r' || i, ${shop.applicationId}, 'TEST', 'payment.failed', 'p' || i, 1, now(), '{}'
    from generate_series(1, 700) i`;
  await admin`
    insert into inbox (event_id, subject, xid) select id, 'payments.payment.failed', xid from event where id like 'r%'`;
  await admin`
    insert into event_body select id, 1, 'FULL', '{}', sha256('{}') from event where id like 'r%'`;
  const { now } = { now: Date.now() };
  const job = await useCases.deliveries.recover(onceAt(shop.endpoint), {
    endpointId: shop.endpoint.id,
    scope: "MISSING",
    since: now - 3_600_000,
    until: now + 3_600_000,
    eventTypes: [],
  });
  await using doomed = await start({ FAILPOINT: "recovery.mid_batch:1" });
  expect(await doomed.ended()).toBe("SIGKILL");
  const [half] = await admin<{ requeued: string; state: string }[]>`
    select requeued, state from recovery where id = ${job.id}`;
  expect(half).toEqual({ requeued: "500", state: "RUNNING" });
  await using _ = await start();
  await eventually(async () => expect(await states(shop.applicationId)).toEqual({ DELIVERED: 700 }), {
    withinMs: 25_000,
  });
  const [done] = await admin<{ requeued: string; state: string }[]>`
    select requeued, state from recovery where id = ${job.id}`;
  expect(done).toEqual({ requeued: "700", state: "DONE" });
  expect(new Set(sink.received.map(({ headers }) => headers["webhook-id"])).size).toBe(700);
});

it("lets a worker that slept past its lease change nothing", async () => {
  let release: (() => void) | null = null;
  await using sink = await openSink((response, request, n) => {
    if (n > 1) answer(200)(response, request, n);
    else release = () => answer(500)(response, request, n);
  });
  const shop = await register(sink);
  await using zombie = await start({ WEBHOOKS_DEADLINE_MS: "5000", WEBHOOKS_LEASE_MS: "15000" });
  producer.publish(paymentEvent(shop.applicationId));
  await eventually(() => expect(sink.received).toHaveLength(1), { withinMs: 10_000 });
  zombie.kill("SIGSTOP");
  // Its lease is over: nobody can wait for that in a test.
  await admin`update delivery set lease_until = now() where application_id = ${shop.applicationId}`;
  await using _ = await start();
  await eventually(async () => expect(await states(shop.applicationId)).toEqual({ DELIVERED: 1 }), {
    withinMs: 10_000,
  });
  zombie.kill("SIGCONT");
  (release as (() => void) | null)?.();
  await eventually(async () => {
    const rows = await admin`
      select a.n, a.outcome from attempt a join delivery d on d.id = a.delivery_id
      where d.application_id = ${shop.applicationId} order by n`;
    // What the late worker saw replaces the guess that it had died; its deadline may have passed in its sleep.
    expect(rows).toMatchObject([
      { n: 1, outcome: expect.stringMatching(/^(HTTP|TIMEOUT)$/) },
      { outcome: "OK" },
    ]);
  });
  expect(await states(shop.applicationId)).toEqual({ DELIVERED: 1 });
  expect(sink.received).toHaveLength(2);
});

it("leaves databases behind in which every invariant holds", async () => {
  const printed = await invariants();
  expect(printed).not.toMatch(/^FAIL/m);
  expect(printed.trimEnd()).toMatch(/\n\d+ passed, 0 failed$/);
});
