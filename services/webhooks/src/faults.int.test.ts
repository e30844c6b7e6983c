import { DeliveryStatus } from "@oi/proto/webhooks/v1/delivery";
import { eventually } from "@oi/testkit/eventually";
import { afterAll, beforeAll, expect, it } from "vitest";
import { paymentEvent, unstorableEvent } from "./testing/running-app.ts";
import { openServiceWorld, type ServiceWorld, verify } from "./testing/service-world.ts";
import { openSink, type Received } from "./testing/sink.ts";

// Real: PostgreSQL, NATS, the relay, the service, HTTP. Doubles: the payments service's outbox, in memory.
// Oracles: the sinks' journals, standardwebhooks, and the attempts as the database's clock saw them.

let world: ServiceWorld;
beforeAll(async () => {
  world = await openServiceWorld({ NATS_ACK_WAIT_MS: "300" });
});
afterAll(() => world[Symbol.asyncDispose]());

const isGenuine = (secret: string, received: Received): boolean => {
  try {
    return verify(secret, received) !== null;
  } catch {
    return false;
  }
};

const idsOf = (received: readonly Received[]): string[] =>
  received.map(({ headers }) => String(headers["webhook-id"]));

it("parks an event that the database refuses ten times, and the others do not wait for it", async () => {
  await using sink = await openSink();
  const shop = await world.register(sink.url);
  const poison = unstorableEvent(shop.applicationId);
  const others = Array.from({ length: 5 }, () => paymentEvent(shop.applicationId));
  for (const event of [poison, ...others]) world.producer.publish(event);
  await eventually(() => expect(new Set(idsOf(sink.received))).toEqual(new Set(others.map(({ id }) => id))));
  const parked = () => world.admin`select reason, deliveries from parked_event where event_id = ${poison.id}`;
  // Those behind it were sent while it was still being tried.
  expect(await parked()).toEqual([]);
  await eventually(
    async () => expect(await parked()).toEqual([{ reason: "FAILED_TOO_OFTEN", deliveries: 10 }]),
    { withinMs: 15_000 },
  );
  expect(await shop.list()).toHaveLength(others.length);
});

it("takes an answer of ten megabytes as delivered, once", async () => {
  await using sink = await openSink((response) => response.end(Buffer.alloc(10 * 1_024 * 1_024)));
  const shop = await world.register(sink.url);
  world.producer.publish(paymentEvent(shop.applicationId));
  await eventually(async () =>
    expect(await shop.list()).toMatchObject([{ deliveryStatus: DeliveryStatus.DELIVERED, attempts: 1 }]),
  );
  expect(sink.received).toHaveLength(1);
});

it("sends one event to two endpoints under one id, and again to the one that asks for it", async () => {
  await using first = await openSink();
  await using second = await openSink();
  const shop = await world.register(first.url);
  await shop.endpoints.createEndpoint({ ...shop.scope, url: second.url });
  const event = paymentEvent(shop.applicationId);
  world.producer.publish(event);
  await eventually(async () =>
    expect((await shop.list()).map(({ deliveryStatus }) => deliveryStatus)).toEqual([
      DeliveryStatus.DELIVERED,
      DeliveryStatus.DELIVERED,
    ]),
  );
  const own = (await shop.list()).find(({ endpointId }) => endpointId === shop.endpointId);
  await shop.deliveries.resendDelivery({ ...shop.scope, id: own?.id ?? 0n });
  await eventually(() => expect(first.received).toHaveLength(2));
  expect([...idsOf(first.received), ...idsOf(second.received)]).toEqual([event.id, event.id, event.id]);
  expect(new Set([...first.received, ...second.received].map(({ body }) => body)).size).toBe(1);
});

it("signs with secrets that are valid, whatever is rotated and revoked under load", async () => {
  await using sink = await openSink();
  const shop = await world.register(sink.url);
  const secrets = [shop.secret];
  let isOver = false;
  let published = 0;
  const load = (async () => {
    while (!isOver) {
      world.producer.publish(paymentEvent(shop.applicationId));
      published += 1;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  })();
  const about = { ...shop.scope, id: shop.endpointId };
  for (let version = 1; version <= 5; version++) {
    const seen = sink.received.length;
    await eventually(() => expect(sink.received.length).toBeGreaterThan(seen + 5), { withinMs: 15_000 });
    const rotated = await shop.endpoints.rotateSecret({ ...about, overlapSeconds: 60 });
    secrets.push(rotated.secret ?? "");
    await eventually(() => expect(sink.received.length).toBeGreaterThan(seen + 10), { withinMs: 15_000 });
    await shop.endpoints.revokeSecret({ ...about, version });
  }
  isOver = true;
  await load;
  await eventually(() => expect(sink.received).toHaveLength(published), { withinMs: 20_000 });
  expect(sink.received.filter((got) => !secrets.some((secret) => isGenuine(secret, got)))).toEqual([]);
  const both = sink.received.filter((got) => secrets.filter((s) => isGenuine(s, got)).length === 2);
  expect(both.length).toBeGreaterThan(0);
  // The database's own clock: what was claimed after a revocation never carries the revoked secret, nor no secret.
  const wrong = await world.admin`
    select a.delivery_id, s.version from attempt a join endpoint_secret s on s.endpoint_id = a.endpoint_id
    where a.endpoint_id = ${Number(shop.endpointId)}
      and (cardinality(a.secret_versions) = 0
        or (a.claimed_at > s.revoked_at and s.version = any (a.secret_versions)))`;
  expect(wrong).toEqual([]);
}, 60_000);

it("lets many endpoints recover together: one probe each, then up to their caps, eight to a host", async () => {
  const HOSTS = 10;
  const ENDPOINTS = Number(process.env.RECOVERING_ENDPOINTS ?? 100);
  const EACH = 2;
  const inFlight = new Map<string, number>();
  let most = 0;
  await using sink = await openSink((response, { headers }) => {
    const host = String(headers.host);
    const now = (inFlight.get(host) ?? 0) + 1;
    inFlight.set(host, now);
    most = Math.max(most, now);
    setTimeout(() => {
      inFlight.set(host, (inFlight.get(host) ?? 0) - 1);
      response.end();
    }, 15);
  }, "0.0.0.0");
  const first = world.registered() + 1;
  for (let i = 0; i < ENDPOINTS; i++)
    await world.register(`http://127.30.0.${1 + (i % HOSTS)}:${sink.port}/hook`);
  await world.admin`
    update endpoint set breaker = 'OPEN', open_until = now() + interval '1 hour', fail_streak = 5, fail_count = 5,
      first_fail_at = now() where application_id >= ${first}`;
  for (let i = 0; i < ENDPOINTS * EACH; i++) world.producer.publish(paymentEvent(first + (i % ENDPOINTS)));
  const waiting = async (state: string, n: number) =>
    expect(
      await world.admin`
      select count(*)::int as n from delivery where application_id >= ${first} and state = ${state}`,
    ).toEqual([{ n }]);
  await eventually(() => waiting("PENDING", ENDPOINTS * EACH), { withinMs: 20_000 });
  expect(sink.received).toEqual([]);
  await world.admin`update endpoint set open_until = now() where application_id >= ${first}`;
  await eventually(() => waiting("DELIVERED", ENDPOINTS * EACH), { withinMs: 60_000 });
  expect(most).toBeLessThanOrEqual(8);
  expect(sink.received).toHaveLength(ENDPOINTS * EACH);
  const early = await world.admin`
    select a.endpoint_id from attempt a join attempt probe on probe.endpoint_id = a.endpoint_id
      and probe.claimed_at < a.claimed_at and a.claimed_at < probe.ended_at
    where a.application_id >= ${first} and probe.claimed_at = (
      select min(x.claimed_at) from attempt x where x.endpoint_id = a.endpoint_id)`;
  expect(early).toEqual([]);
  const health = await world.admin`
    select breaker, max(cap)::int as cap, count(*)::int as n from endpoint
    where application_id >= ${first} and mode = 'TEST' group by 1`;
  expect(health).toEqual([{ breaker: "CLOSED", cap: 4, n: ENDPOINTS }]);
}, 120_000);
