import { afterAll, beforeAll, expect, it } from "vitest";
import { getTimeline } from "../../application/get-timeline.ts";
import { inquire } from "../../application/inquire.ts";
import { resolveReview } from "../../application/resolve-review.ts";
import { type PostgresWorld, postgresWorld } from "../../testing/postgres-world.ts";
import { ask, paidPayment } from "../../testing/refunding.ts";
import { sampleClaim, sampleEvidence, sampleRefundReference, sampleRules } from "../../testing/samples.ts";
import { open } from "../../testing/settled.ts";
import { attempted, created } from "../../testing/store-world.ts";
import { memoryGateway } from "../memory/memory-gateway.ts";
import { memoryGateways } from "../memory/memory-gateways.ts";

let world: PostgresWorld;
beforeAll(async () => {
  world = await postgresWorld();
});
afterAll(() => world[Symbol.asyncDispose]());

const DIGEST = new Uint8Array(32).fill(7);

it("tells everything that happened to a payment in order, and nothing about who the customer is", async () => {
  const payment = await paidPayment(world);
  const target = await world.callbacks.targetByReference(payment.reference);
  const ruling = { outcome: "STALE", note: "late", ask: false, claimDiffers: false } as const;
  const parts = { gateway: "SSLCOMMERZ", channel: "return", digest: DIGEST, reference: null } as const;
  const evidence = { ...parts, claim: sampleClaim(), rawPayload: "x", remoteAddress: "192.0.2.77" };
  await world.callbacks.record(evidence, ruling, target);
  const idempotency = { route: "POST /payments/{id}/refunds", key: "refund-7f3a", fingerprint: DIGEST };
  await ask(world, payment, { idempotency });
  await world.receipts.issue(payment.id, payment.scope);
  const { clock } = { clock: world };
  const wish = { reason: "RISK", actor: "karim", note: "Known customer" } as const;
  await resolveReview({ ...world, clock })(payment.id, payment.scope, wish);

  const read = getTimeline(world);
  const { entries, truncated } = await read(payment.id, payment.scope);
  expect(truncated).toBe(false);
  const said = entries.map(({ kind, title }) => `${kind} ${title.en}`);
  for (const line of [
    "request Request: POST /payments/{id}/refunds",
    "state Payment created",
    "state Payment succeeded",
    "checkout Checkout session: PAID",
    "gateway_call Gateway asked: paid",
    "gateway_callback Gateway callback: STALE",
    "event Event: payments.payment.succeeded",
    "event Event: payments.refund.requested",
    "refund Refund: PENDING",
    "receipt Receipt issued",
    "review Review flag: RISK",
  ]) {
    expect(said).toContain(line);
  }
  const times = entries.map(({ at }) => at);
  expect(times).toEqual([...times].sort((a, b) => a - b));
  expect(new Set(entries.map(({ id }) => id)).size).toBe(entries.length);
  expect(entries.find(({ kind, actor }) => kind === "review" && actor === "karim")).toMatchObject({
    status: "RESOLVED",
    detail: { reason: "RISK", note: "Known customer" },
  });
  expect(entries.find(({ kind }) => kind === "request")).toMatchObject({
    actor: `app:${payment.scope.applicationId}`,
    status: "201",
    refs: { requestId: expect.stringMatching(/./) },
    detail: { method: "POST", status: 201, keyLast4: "7f3a", replayed: false },
  });
  const event = entries.find(({ kind }) => kind === "event");
  expect(event?.detail.committedAt).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  expect((await read(payment.id, payment.scope)).entries).toEqual(entries);
  const text = JSON.stringify(entries);
  for (const secret of ["rahima@example.com", "+8801712345678", "192.0.2.77"])
    expect(text).not.toContain(secret);
  for (const { title } of entries) expect(title.bn).toMatch(/[\u0980-\u09ff]/);
});

it.each([-400, 400])(
  "tells of a callback, the question it caused and what came of it in this order, by a clock %i ms off",
  async (offMs) => {
    const { payment, attempt } = await attempted(world, await created(world));
    const target = await world.callbacks.targetByReference(payment.reference);
    const ruling = { outcome: "PENDING_VERIFICATION", note: null, ask: true, claimDiffers: false } as const;
    const digest = new Uint8Array(32).fill(offMs > 0 ? 8 : 9);
    const parts = { gateway: "SSLCOMMERZ", channel: "return", digest, reference: null } as const;
    const evidence = { ...parts, claim: sampleClaim(), rawPayload: "x", remoteAddress: "192.0.2.77" };
    await world.callbacks.record(evidence, ruling, target);
    const paid = sampleEvidence(open(payment), attempt.merchantRef);
    const verdict = { outcome: "paid", payments: [paid] } as const;
    const gateway = { ...memoryGateway(), inquire: async () => verdict };
    const clock = { now: () => world.now() + offMs };
    const stopwatch = () => performance.now();
    const ids = { refundReference: sampleRefundReference };
    const gateways = memoryGateways({ TEST: gateway });
    const ports = { ...world, gateways, clock, stopwatch, ids, rules: sampleRules, chance: () => 0 };
    const asked = await world.queue.claimOne(attempt.id);
    if (!asked) throw new Error("the callback made the attempt due");
    await inquire(ports)(asked, "sweep", new AbortController().signal);
    const { entries } = await getTimeline(world)(payment.id, payment.scope);
    const order = entries.flatMap(({ kind, status }) =>
      kind === "gateway_callback" || kind === "gateway_call" || status === "SUCCEEDED" ? [kind] : [],
    );
    expect(order).toEqual(["gateway_callback", "gateway_call", "state"]);
    const ms = Number(entries.find(({ kind }) => kind === "gateway_call")?.detail.ms);
    expect(ms).toBeGreaterThanOrEqual(0);
    expect(ms).toBeLessThan(300);
  },
);

it("does not exist for another mode", async () => {
  const payment = await paidPayment(world);
  const foreign = { ...payment.scope, mode: "LIVE" as const };
  await expect(getTimeline(world)(payment.id, foreign)).rejects.toMatchObject({
    reason: "RESOURCE_NOT_FOUND",
  });
});

it("shows five hundred entries at most and says that there are more", async () => {
  const payment = await paidPayment(world);
  await world.admin`
    insert into gateway_inquiry (attempt_id, payment_id, operation, asked_at, took_ms, outcome, detail)
    select (select id from gateway_attempt where payment_id = ${payment.id}), ${payment.id}, 'inquire', now(), 1, 'unknown', '{}'
    from generate_series(1, 600)`;
  const { entries, truncated } = await getTimeline(world)(payment.id, payment.scope);
  expect(entries).toHaveLength(500);
  expect(truncated).toBe(true);
});
