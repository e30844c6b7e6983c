import { inMemoryTransport, rpcClient } from "@oi/platform/rpc/client";
import { silentLogger } from "@oi/platform/telemetry/logger";
import { EndpointsService } from "@oi/proto/webhooks/v1/endpoints_service";
import { eventually } from "@oi/testkit/eventually";
import { testNats } from "@oi/testkit/nats";
import postgres from "postgres";
import { expect, it } from "vitest";
import { createApp } from "./app.ts";
import { openDnsServer } from "./testing/dns-server.ts";
import { openDatabase, paymentEvent, startProducer, testConfig } from "./testing/running-app.ts";
import { openSink, type Play } from "./testing/sink.ts";

// Real: PostgreSQL, NATS, the service, HTTP, DNS over UDP. Doubles: the payments service's outbox, receivers and a DNS server
// that misbehave by name. Oracle: the attempts as the database's clock saw them. How fast it is, is the benchmark's
// business (`npm run bench -- webhooks`); here nothing is asked that a busy machine cannot give.

const HEALTHY = 20;
const EACH = 10;
/** Those that hold a slot for two seconds would need 24 slots for more than twenty seconds. */
const SICK_EACH = 30;
const BACKLOG = 1_000;
const SLOTS = { WEBHOOKS_SLOTS: "24", WEBHOOKS_TEST_SLOTS: "24", WEBHOOKS_SUSPECT_SLOTS: "8" };
const PATIENCE_SECONDS = 8;

const dripping: Play = (response) => {
  response.writeHead(200, { "content-length": "100000" });
  const timer = setInterval(() => response.write("x"), 100);
  response.on("close", () => clearInterval(timer));
};

/** What a receiver does, by the first letters of its name. */
const PLAYS: Readonly<Record<string, Play>> = { hang: () => undefined, drip: dripping };

const numbered = (name: string, n: number): string[] =>
  Array.from({ length: n }, (_, i) => `${name}${i}.example`);

it("serves the healthy at once, whatever hangs, drips, refuses, has no name or a long backlog", async () => {
  await using database = await openDatabase();
  await using nats = await testNats();
  await using producer = startProducer(nats.url);
  await using dns = await openDnsServer((name) =>
    name.startsWith("dead") ? null : { addresses: ["127.0.0.1"] },
  );
  await using sink = await openSink((response, request, n) => {
    const play = PLAYS[String(request.headers.host).slice(0, 4)];
    if (play) play(response, request, n);
    else response.end();
  });
  const env = { WEBHOOKS_DATABASE_URL: database.url, NATS_URL: nats.url, WEBHOOKS_DNS_SERVERS: dns.address };
  const config = testConfig({ ...env, ...SLOTS, TIME_SCALE: "1" });
  await using app = await createApp(config, { log: silentLogger() });
  const admin = postgres(database.adminUrl, { max: 1, onnotice: () => {} });
  await using closing = new AsyncDisposableStack();
  closing.defer(() => admin.end());
  const endpoints = rpcClient(EndpointsService, inMemoryTransport(app.rpc.services));
  const register = async (host: string, i: number): Promise<number> => {
    const port = host.startsWith("refuse") ? 1 : sink.port;
    const url = `http://${host}:${port}/hook`;
    await endpoints.ensureDefaultEndpoints({ applicationId: BigInt(i), applicationVersion: 1n, url });
    return i;
  };
  const sick = [
    ...numbered("hang", 4),
    ...numbered("drip", 3),
    ...numbered("refuse", 3),
    ...numbered("dead", 2),
  ];
  const ill = await Promise.all(sick.map((host, i) => register(host, 1 + i)));
  const well = await Promise.all(numbered("well", HEALTHY).map((host, i) => register(host, 101 + i)));
  const flooded = await register("flooded.example", 900);

  for (const shop of ill) producer.publish(paymentEvent(shop));
  const known = async () =>
    expect(
      await admin`select count(*)::int as n from endpoint where mode = 'TEST' and fail_streak > 0`,
    ).toEqual([{ n: ill.length }]);
  await eventually(known, { withinMs: 20_000 });

  await admin`
    with made as (
      insert into event (id, application_id, mode, type, aggregate, sequence, occurred_at, snapshot)
      select 'flood' || i, ${flooded}, 'TEST', 'payment.failed', 'p' || i, 1, now(), '{}'
      from generate_series(1, ${BACKLOG}::int) i returning id, aggregate),
    frozen as (insert into event_body select id, 1, 'FULL', '{}', sha256('{}') from made)
    insert into delivery (event_id, endpoint_id, application_id, mode, type, aggregate, sequence, schema_version, style,
                          filter_version)
    select m.id, e.id, ${flooded}, 'TEST', 'payment.failed', m.aggregate, 1, 1, 'FULL', 1
    from made m join endpoint e on e.application_id = ${flooded} and e.mode = 'TEST'`;
  const [since] = await admin<{ id: number }[]>`select max(id)::int + 1 as id from delivery`;
  for (let i = 0; i < SICK_EACH; i++) for (const shop of ill) producer.publish(paymentEvent(shop));
  for (let i = 0; i < EACH; i++) for (const shop of well) producer.publish(paymentEvent(shop));
  const [first = 0, last = 0] = [well[0], well.at(-1)];
  const served = async () =>
    expect(
      await admin`
        select count(*)::int as n from delivery
        where application_id between ${first} and ${last} and state = 'DELIVERED'`,
    ).toEqual([{ n: HEALTHY * EACH }]);
  await eventually(served, { withinMs: 30_000 });
  const [lag] = await admin<{ worst: number; tries: number }[]>`
    select max(extract(epoch from a.claimed_at - d.created_at))::float as worst, max(a.n) as tries
    from attempt a join delivery d on d.id = a.delivery_id where d.application_id between ${first} and ${last}`;
  // In flight to the sick at the moment when each of their attempts began, since they are known to be sick.
  const [crowd] = await admin<{ most: number }[]>`
    select max(n)::int as most from (
      select count(*) over (order by at, is_begin rows unbounded preceding) - 2 * count(*) filter (where not is_begin)
             over (order by at, is_begin rows unbounded preceding) as n
      from attempt a cross join lateral (values (a.claimed_at, true), (a.ended_at, false)) as step (at, is_begin)
      where a.application_id < ${first} and at is not null and a.delivery_id >= ${since?.id ?? 0}) x`;
  expect(crowd?.most).toBeGreaterThan(0);
  expect(crowd?.most).toBeLessThanOrEqual(Number(SLOTS.WEBHOOKS_SUSPECT_SLOTS));
  expect(lag?.tries).toBe(1);
  expect(lag?.worst).toBeLessThan(PATIENCE_SECONDS);
  // The sick cost a try each time and keep what they are owed; the flooded one was served beside all others.
  const [rest] = await admin`
    select count(*) filter (where state = 'DELIVERED')::int as delivered, count(*)::int as owed from delivery
    where application_id < ${first}`;
  expect(rest).toEqual({ delivered: 0, owed: ill.length * (SICK_EACH + 1) });
  const [flood] = await admin<{ n: number }[]>`
    select count(*)::int as n from delivery where application_id = ${flooded} and state = 'DELIVERED'`;
  expect(flood?.n).toBeGreaterThan(0);
}, 90_000);
