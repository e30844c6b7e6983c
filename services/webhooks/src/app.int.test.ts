import { randomBytes } from "node:crypto";
import { DeliveryStatus } from "@oi/proto/webhooks/v1/delivery";
import { EndpointState } from "@oi/proto/webhooks/v1/endpoint";
import { eventually } from "@oi/testkit/eventually";
import { testNats } from "@oi/testkit/nats";
import postgres from "postgres";
import { afterAll, beforeAll, expect, it } from "vitest";
import {
  applicationEvent,
  brokenEvent,
  KEK,
  openDatabase,
  paymentEvent,
  refundEvent,
  startProducer,
} from "./testing/running-app.ts";
import { openServiceWorld, type ServiceWorld, verify } from "./testing/service-world.ts";
import { answer, openSink } from "./testing/sink.ts";

// Real: PostgreSQL, NATS, the relay, the service, HTTP. Doubles: the payments service's outbox, in memory.
// Oracles: the npm package standardwebhooks for signatures, the sinks for what was really sent.

let world: ServiceWorld;
beforeAll(async () => {
  world = await openServiceWorld();
});
afterAll(() => world[Symbol.asyncDispose]());

it("turns an event of the stream into one signed POST", async () => {
  await using sink = await openSink();
  const shop = await world.register(sink.url);
  const event = paymentEvent(shop.applicationId);
  world.producer.publish(event);
  const got = await eventually(() => sink.received[0] ?? expect.fail("nothing arrived"));
  expect(verify(shop.secret, got)).toMatchObject({
    id: event.id,
    type: "payment.succeeded",
    schemaVersion: 1,
    mode: "TEST",
    sequence: 3,
    data: { id: 100, reference: event.aggregate, amountMinor: 150_000, currency: "BDT", status: "SUCCEEDED" },
  });
  expect(got.headers).toMatchObject({
    "webhook-id": event.id,
    "x-webhook-id": event.id,
    "content-type": "application/json",
    "user-agent": "OI-Payments-Webhooks/1",
    "accept-encoding": "identity",
  });
  expect(got.headers["webhook-timestamp"]).toMatch(/^\d{10}$/);
  await eventually(async () => {
    const [delivery] = await shop.list();
    expect(delivery).toMatchObject({
      deliveryStatus: DeliveryStatus.DELIVERED,
      attempts: 1,
      lastResponseStatus: 200,
    });
    expect(delivery?.payload).toBe(got.body);
  });
});

it("tells of a refund's outcome, to endpoints that take its type", async () => {
  await using everything = await openSink();
  await using failures = await openSink();
  const shop = await world.register(everything.url);
  const narrow = { ...shop.scope, url: failures.url, eventTypes: ["refund.failed"] };
  const made = await shop.endpoints.createEndpoint(narrow);
  const events = [refundEvent(shop.applicationId, "succeeded"), refundEvent(shop.applicationId, "failed")];
  for (const event of events) world.producer.publish(event);
  await eventually(() => expect([everything.received.length, failures.received.length]).toEqual([2, 1]));
  const told = everything.received.map((received) => verify(shop.secret, received));
  expect(told).toContainEqual({
    id: events[0]?.id,
    type: "refund.succeeded",
    schemaVersion: 1,
    mode: "TEST",
    createdAt: expect.any(String),
    sequence: 4,
    data: {
      id: 7,
      paymentId: 100,
      mode: "TEST",
      amountMinor: 2_500,
      currency: "BDT",
      reason: "Wrong size",
      status: "SUCCEEDED",
      gatewayRefundId: "R-1",
      createdBy: `app:${shop.applicationId}`,
      approvedBy: null,
      failureReason: null,
      createdAt: expect.any(String),
      updatedAt: expect.any(String),
    },
  });
  const [failed] = failures.received.map((received) => verify(made.secret ?? "", received));
  expect(failed).toMatchObject({
    id: events[1]?.id,
    type: "refund.failed",
    sequence: 3,
    data: { status: "FAILED" },
  });
});

it("keeps id and body bytes over retries, and signs each attempt", async () => {
  await using sink = await openSink((response, request, n) =>
    answer(n < 3 ? 500 : 200)(response, request, n),
  );
  const shop = await world.register(sink.url);
  world.producer.publish(paymentEvent(shop.applicationId));
  await eventually(async () => expect((await shop.list())[0]?.deliveryStatus).toBe(DeliveryStatus.DELIVERED));
  expect(sink.received).toHaveLength(3);
  expect(new Set(sink.received.map(({ body }) => body)).size).toBe(1);
  expect(new Set(sink.received.map(({ headers }) => headers["webhook-id"])).size).toBe(1);
  for (const received of sink.received) verify(shop.secret, received);
});

it("does not follow a redirect", async () => {
  await using trap = await openSink();
  await using sink = await openSink((response, request, n) =>
    n === 1 ? answer(302, { location: trap.url })(response, request, n) : answer(200)(response, request, n),
  );
  const shop = await world.register(sink.url);
  world.producer.publish(paymentEvent(shop.applicationId));
  await eventually(async () => expect((await shop.list())[0]?.deliveryStatus).toBe(DeliveryStatus.DELIVERED));
  expect(sink.received).toHaveLength(2);
  expect(trap.connections()).toBe(0);
});

it("sends an event once that the stream delivers twice, and goes on after one it cannot read", async () => {
  await using sink = await openSink();
  const shop = await world.register(sink.url);
  world.producer.publish(paymentEvent(shop.applicationId));
  await eventually(() => expect(sink.received).toHaveLength(1));
  const broken = brokenEvent();
  world.producer.publish(broken);
  world.producer.publishAgain();
  const last = paymentEvent(shop.applicationId, "expired");
  world.producer.publish(last);
  world.producer.publish(paymentEvent(shop.applicationId, "opened"));
  await eventually(() => expect(sink.received).toHaveLength(2));
  await eventually(async () => {
    const parked = await world.admin`
      select reason from parked_event join inbox using (event_id) where event_id = ${broken.id} and outcome = 'PARKED'`;
    expect(parked).toMatchObject([{ reason: "UNDECODABLE" }]);
  });
  expect(sink.received[1]?.headers["webhook-id"]).toBe(last.id);
  expect(await shop.list()).toHaveLength(2);
});

it("makes its durable again when NATS lost everything, and sends nothing twice", async () => {
  await using sink = await openSink();
  const shop = await world.register(sink.url);
  world.producer.publish(paymentEvent(shop.applicationId));
  await eventually(() => expect(sink.received).toHaveLength(1));
  await world.nats.kill();
  world.nats.wipe();
  await world.nats.start();
  const after = paymentEvent(shop.applicationId);
  world.producer.publish(after);
  await eventually(() => expect(sink.received).toHaveLength(2), { withinMs: 20_000 });
  expect(sink.received[1]?.headers["webhook-id"]).toBe(after.id);
});

it("follows the application's URL and disables for one that the rules refuse", async () => {
  await using sink = await openSink();
  const shop = await world.register();
  world.producer.publish(paymentEvent(shop.applicationId));
  world.producer.publish(applicationEvent(shop.applicationId, 2, "http://10.0.0.1/"));
  const refused = { state: EndpointState.DISABLED, disabledReason: "URL_REFUSED", url: "http://10.0.0.1/" };
  await eventually(async () => expect(await shop.endpoint()).toMatchObject(refused));
  world.producer.publish(paymentEvent(shop.applicationId));
  await eventually(async () => expect((await shop.list())[0]?.deliveryStatus).toBe(DeliveryStatus.SUSPENDED));
  world.producer.publish(applicationEvent(shop.applicationId, 3, sink.url));
  // The event before the first URL matched nothing; the suspended one is sent once the endpoint is enabled.
  await eventually(() => expect(sink.received).toHaveLength(1), { withinMs: 10_000 });
  expect(await shop.endpoint()).toMatchObject({ state: EndpointState.ENABLED, url: sink.url });
  expect(await shop.list()).toHaveLength(1);
});

it("parks after twelve tries and tells of it on its own stream", async () => {
  await using sink = await openSink(answer(500));
  const shop = await world.register(sink.url);
  const event = paymentEvent(shop.applicationId);
  world.producer.publish(event);
  await eventually(async () => expect((await shop.list())[0]?.deliveryStatus).toBe(DeliveryStatus.PARKED), {
    withinMs: 20_000,
  });
  expect(sink.received).toHaveLength(12);
  expect(await shop.list()).toMatchObject([
    { attempts: 12, lastError: "HTTP_STATUS", lastResponseStatus: 500 },
  ]);
  await eventually(async () => {
    const told = await world.admin`
      select payload::jsonb->>'eventId' as event_id, published_at is not null as is_published
      from outbox where subject = 'webhooks.delivery.parked' and payload::jsonb->>'eventId' = ${event.id}`;
    expect(told).toEqual([{ event_id: event.id, is_published: true }]);
  });
});

it("starts and is ready while NATS is away", async () => {
  await using lonely = await world.start({ NATS_URL: "nats://127.0.0.1:9" });
  expect((await fetch(`${lonely.rpc.jsonUrl}/readyz`)).status).toBe(200);
  expect((await world.register("https://shop.example/", lonely)).secret).toMatch(/^whsec_/);
});

it("finishes the request in hand before it stops", async () => {
  await using sink = await openSink((response) => setTimeout(() => response.end("ok"), 700));
  await using ownDatabase = await openDatabase();
  await using ownNats = await testNats();
  await using ownProducer = startProducer(ownNats.url);
  const other = await world.start({ WEBHOOKS_DATABASE_URL: ownDatabase.url, NATS_URL: ownNats.url });
  const shop = await world.register(sink.url, other);
  ownProducer.publish(paymentEvent(shop.applicationId));
  await eventually(() => expect(sink.received).toHaveLength(1));
  await other[Symbol.asyncDispose]();
  const sql = postgres(ownDatabase.adminUrl, { max: 1 });
  expect(await sql`select state, tries from delivery`).toEqual([{ state: "DELIVERED", tries: 1 }]);
  await sql.end();
});

it("refuses to start without a key that stored secrets need", async () => {
  const other = `k2:${randomBytes(32).toString("base64")}`;
  await expect(world.start({ WEBHOOKS_KEKS: other })).rejects.toThrow(/k1/);
});

it("moves secrets to the first key, so that the older one can be taken away", async () => {
  await using own = await openDatabase();
  await using ownNats = await testNats();
  await using ownProducer = startProducer(ownNats.url);
  const newer = `k9:${randomBytes(32).toString("base64")}`;
  const startWith = (keks: string) =>
    world.start({ WEBHOOKS_DATABASE_URL: own.url, NATS_URL: ownNats.url, WEBHOOKS_KEKS: keks });
  await using sink = await openSink();
  const first = await startWith(KEK);
  const shop = await world.register(sink.url, first);
  await first[Symbol.asyncDispose]();
  const both = await startWith(`${newer},${KEK}`);
  const sql = postgres(own.adminUrl, { max: 1 });
  await eventually(async () =>
    expect(await sql`select distinct kek_id from endpoint_secret`).toEqual([{ kek_id: "k9" }]),
  );
  await sql.end();
  await both[Symbol.asyncDispose]();
  await using last = await startWith(newer);
  expect(last.rpc).toBeDefined();
  ownProducer.publish(paymentEvent(shop.applicationId));
  const got = await eventually(() => sink.received[0] ?? expect.fail("nothing arrived"));
  expect(verify(shop.secret, got)).toMatchObject({ type: "payment.succeeded" });
});
