import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Payment } from "../domain/payment.ts";
import type { TimelineFact } from "../domain/timeline.ts";
import { ask, paidPayment, refundFile } from "../testing/refunding.ts";
import { sampleClaim, uniqueNumber } from "../testing/samples.ts";
import { change, fileOf, type StoreWorld } from "../testing/store-world.ts";
import { resolveReview } from "./resolve-review.ts";

/** What every timeline tells, whatever it is read from. */
export function timelineStoreContract(name: string, openWorld: () => Promise<StoreWorld>): void {
  describe(`${name}: timelines`, () => {
    let world: StoreWorld;
    let payment: Payment;
    let facts: readonly TimelineFact[];
    beforeAll(async () => {
      world = await openWorld();
      await livedThrough(world);
      payment = await livedThrough(world);
      facts = await world.timeline.facts(payment, 500);
    });
    afterAll(() => world[Symbol.asyncDispose]());

    const of = (kind: TimelineFact["kind"], part: object = {}) =>
      expect(facts.filter((fact) => fact.kind === kind)).toContainEqual(expect.objectContaining(part));

    it("tells every state with who caused it", () => {
      const states = facts.filter(({ kind }) => kind === "state");
      expect(states.map(({ status, version }) => [status, version])).toEqual([
        ["CREATED", 1],
        ["PENDING", 2],
        ["SUCCEEDED", 3],
      ]);
      expect(states.map(({ actor }) => actor)).toEqual([
        `app:${payment.scope.applicationId}`,
        "system",
        "gateway",
      ]);
      of("state", { id: `state:${payment.id}:3`, detail: expect.objectContaining({ from: "PENDING" }) });
    });

    it("tells the session, what the gateway was asked and what it told", () => {
      of("checkout", { status: "PAID", actor: "customer", detail: expect.objectContaining({ attempt: 1 }) });
      const asked = { operation: "inquire", outcome: "paid", cause: null };
      of("gateway_call", { detail: expect.objectContaining(asked) });
      const sent = { operation: "refund", outcome: "unknown", cause: "timeout", try: 1, ms: 12 };
      of("gateway_call", { detail: expect.objectContaining(sent) });
      const claimed = { channel: "return", signature: "valid", says: "paid", outcome: "STALE", note: "late" };
      of("gateway_callback", { status: "STALE", actor: "gateway", detail: claimed });
    });

    it("tells refunds, events, the receipt and what people looked at", () => {
      const asked = { amountMinor: 1_000, currency: "BDT", state: "PENDING", origin: "MERCHANT" };
      of("refund", { actor: "rahim", status: "PENDING", detail: expect.objectContaining(asked) });
      for (const subject of ["payments.payment.created", "payments.payment.succeeded"])
        of("event", { detail: expect.objectContaining({ subject }) });
      of("event", { version: 3, detail: expect.objectContaining({ subject: "payments.refund.requested" }) });
      of("receipt", { detail: { number: expect.any(Number) } });
      of("review", { status: "RAISED", actor: "system", detail: { reason: "RISK", note: null } });
      of("review", { status: "RESOLVED", actor: "karim", detail: { reason: "RISK", note: "Known" } });
    });

    it("tells it in order, each thing once and the same in every answer, and of no other payment", async () => {
      const times = facts.map(({ at }) => at);
      expect(times).toEqual([...times].sort((a, b) => a - b));
      expect(new Set(facts.map(({ id }) => id)).size).toBe(facts.length);
      expect(await world.timeline.facts(payment, 500)).toEqual(facts);
      expect(await world.timeline.facts(payment, 4)).toEqual(facts.slice(0, 4));
      expect(facts.filter(({ kind }) => kind === "receipt")).toHaveLength(1);
      expect(await world.timeline.facts({ id: 999_999, reference: "pay_none" }, 10)).toEqual([]);
    });

    it("tells nothing about who the customer is", () => {
      const text = JSON.stringify(facts);
      for (const secret of ["rahima@example.com", "+8801712345678", "192.0.2.77"])
        expect(text).not.toContain(secret);
    });
  });
}

/** A paid payment with a callback, a refund whose answer was lost, a receipt and a flag that a person took off. */
async function livedThrough(world: StoreWorld): Promise<Payment> {
  const payment = await paidPayment(world);
  const target = await world.callbacks.targetByReference(payment.reference);
  const ruling = { outcome: "STALE", note: "late", ask: false, claimDiffers: false } as const;
  const digest = new Uint8Array(32).fill(uniqueNumber());
  const parts = { gateway: "SSLCOMMERZ", channel: "return", digest, reference: null } as const;
  const evidence = { ...parts, claim: sampleClaim(), rawPayload: "x", remoteAddress: "192.0.2.77" };
  await world.callbacks.record(evidence, ruling, target);
  const { refund } = await ask(world, payment);
  await world.receipts.issue(payment.id, payment.scope);
  const wish = { reason: "RISK", actor: "karim", note: "Known" } as const;
  await resolveReview({ ...world, clock: world })(payment.id, payment.scope, wish);
  const { attempts } = await refundFile(world, refund);
  const lost = attempts.map((one) => ({ ...one, state: "UNKNOWN" as const, nextAt: null }));
  const call = {
    refundId: refund.id,
    attemptNo: 1,
    operation: "refund",
    askedAt: world.now(),
    tookMs: 12,
  } as const;
  const outcome = { outcome: "unknown", cause: "timeout", sent: true } as const;
  const { payment: now } = await fileOf(world, payment);
  const refunds = [{ refund, isNew: false, attempts: lost }];
  await world.payments.commit(change(now, { refunds, refundCall: { ...call, outcome } }));
  return payment;
}
