import { eventually } from "@oi/testkit/eventually";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type KillWorld, openKillWorld } from "./testing/kill-world.ts";
import { answer, openSink } from "./testing/sink.ts";

// Real: services as processes that are stopped and continued, PostgreSQL, NATS, HTTP. Double: the payments service's
// outbox. Judges: the sinks' journals, the rows and the attempts. The checker of the invariants has no say here: an
// attempt whose process slept lasted as long as the sleep, beyond its deadline and beside its successor.

let world: KillWorld;
beforeAll(async () => {
  world = await openKillWorld();
});
afterAll(() => world[Symbol.asyncDispose]());

it("lets a worker that slept past its lease change nothing", async () => {
  const { admin } = world;
  let release: (() => void) | null = null;
  await using sink = await openSink((response, request, n) => {
    if (n > 1) answer(200)(response, request, n);
    else release = () => answer(500)(response, request, n);
  });
  const shop = await world.register(sink);
  await using zombie = await world.start({ WEBHOOKS_DEADLINE_MS: "5000", WEBHOOKS_LEASE_MS: "15000" });
  world.publish(shop, 1);
  await eventually(() => expect(sink.received).toHaveLength(1), { withinMs: 10_000 });
  zombie.kill("SIGSTOP");
  // Its lease is over: nobody can wait for that in a test.
  await admin`update delivery set lease_until = now() where application_id = ${shop.applicationId}`;
  await using _ = await world.start();
  await eventually(async () => expect(await world.states(shop)).toEqual({ DELIVERED: 1 }), {
    withinMs: 20_000,
  });
  zombie.kill("SIGCONT");
  (release as (() => void) | null)?.();
  await eventually(
    async () => {
      const rows = await admin`
        select a.n, a.outcome from attempt a join delivery d on d.id = a.delivery_id
        where d.application_id = ${shop.applicationId} order by n`;
      // What the late worker saw replaces the guess that it had died; its deadline may have passed in its sleep.
      expect(rows).toMatchObject([
        { n: 1, outcome: expect.stringMatching(/^(HTTP|TIMEOUT)$/) },
        { outcome: "OK" },
      ]);
    },
    { withinMs: 10_000 },
  );
  expect(await world.states(shop)).toEqual({ DELIVERED: 1 });
  expect(sink.received).toHaveLength(2);
}, 60_000);

it("absorbs a storm of redeliveries: a consumer sleeps past every acknowledgement, and wakes beside another", async () => {
  const EVENTS = 150;
  const { admin } = world;
  await using sink = await openSink();
  const shop = await world.register(sink);
  const env = { NATS_ACK_WAIT_MS: "300" };
  await using sleeper = await world.start(env);
  world.publish(shop, EVENTS);
  await eventually(() => expect(sink.received.length).toBeGreaterThan(0), { withinMs: 10_000 });
  sleeper.kill("SIGSTOP");
  const inHands = await world.inHands(shop);
  await using _ = await world.start(env);
  const all = async () => expect(await world.states(shop)).toEqual({ DELIVERED: EVENTS });
  await eventually(all, { withinMs: 40_000 });
  sleeper.kill("SIGCONT");
  // The sleeper handles what it held as if nothing had happened.
  world.publish(shop, 1);
  await eventually(async () => expect(await world.states(shop)).toEqual({ DELIVERED: EVENTS + 1 }), {
    withinMs: 20_000,
  });
  const [rows] = await admin`
    select count(*)::int as deliveries, count(distinct event_id)::int as events from delivery
    where application_id = ${shop.applicationId}`;
  expect(rows).toEqual({ deliveries: EVENTS + 1, events: EVENTS + 1 });
  const copies = sink.received.length - EVENTS - 1 - (await world.failures(shop, inHands.at));
  expect(copies).toBeLessThanOrEqual(inHands.count);
}, 90_000);
