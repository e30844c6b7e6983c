import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { CallbackRuling } from "../domain/callback.ts";
import type { Claim } from "../domain/gateway.ts";
import type { Finding } from "../domain/judgement.ts";
import type { Payment } from "../domain/payment.ts";
import { sampleClaim, uniqueNumber } from "../testing/samples.ts";
import { attempted, change, created, fileOf, type StoreWorld } from "../testing/store-world.ts";
import type { CallbackEvidence, CallbackTarget } from "./ports.ts";

const ASK: CallbackRuling = { outcome: "PENDING_VERIFICATION", note: null, ask: true, claimDiffers: false };
const FORGED: CallbackRuling = { outcome: "FORGED", note: "X", ask: false, claimDiffers: false };

function evidence(claim: Partial<Claim> = {}, part: Partial<CallbackEvidence> = {}): CallbackEvidence {
  const digest = new Uint8Array(32);
  new DataView(digest.buffer).setUint32(0, uniqueNumber());
  return {
    gateway: "SSLCOMMERZ",
    channel: "notification",
    digest,
    reference: null,
    claim: sampleClaim(claim),
    rawPayload: "status=VALID&x=\\n",
    remoteAddress: "192.0.2.1",
    ...part,
  };
}

/** What every callback store does, whatever it is made of. */
export function callbackStoreContract(name: string, openWorld: () => Promise<StoreWorld>): void {
  describe(`${name}: callbacks`, () => {
    let world: StoreWorld;
    beforeAll(async () => {
      world = await openWorld();
    });
    afterAll(() => world[Symbol.asyncDispose]());

    finding(() => world);
    recording(() => world);
    rematching(() => world);
    deciding(() => world);
  });
}

async function waiting(world: StoreWorld): Promise<CallbackTarget & { payment: Payment }> {
  const { payment, attempt } = await attempted(world, await created(world), {
    nextInquiryAt: world.now() + 3_600_000,
  });
  return { payment, attempt, knownCharges: [] };
}

function finding(the: () => StoreWorld): void {
  it("finds the attempt that a merchant reference names", async () => {
    const target = await waiting(the());
    expect(await the().callbacks.targetByMerchantRef(target.attempt.merchantRef)).toEqual(target);
    expect(await the().callbacks.targetByMerchantRef("pay_unknown-1")).toBeNull();
  });

  it("finds the newest attempt of a payment's reference", async () => {
    const payment = await created(the());
    expect(await the().callbacks.targetByReference(payment.reference)).toBeNull();
    await attempted(the(), payment, { state: "REJECTED" });
    const newest = await attempted(the(), payment);
    const found = await the().callbacks.targetByReference(payment.reference);
    expect(found?.attempt).toEqual(newest.attempt);
  });
}

function rematching(the: () => StoreWorld): void {
  const unmatched: CallbackRuling = { ...FORGED, outcome: "UNMATCHED" };

  it("gives unmatched callbacks back with what they say, once their attempt is there, until they are matched", async () => {
    const target = await waiting(the());
    const { merchantRef } = target.attempt;
    const claim = { merchantRef, gatewayRef: "val_\0 1", money: { amountMinor: 7n, currency: "BDT" } };
    await the().callbacks.record(evidence(claim), unmatched, null);
    await the().callbacks.record(evidence({ merchantRef: "pay_nobody-1" }), unmatched, null);
    const mine = async () =>
      (await the().callbacks.unmatched(100)).filter((one) => one.claim.merchantRef === merchantRef);
    const [found] = await mine();
    expect(found).toMatchObject({ channel: "notification", reference: null, claim: sampleClaim(claim) });
    if (!found) throw new Error("the unmatched callback is found");
    await the().callbacks.rematch(found, ASK, target);
    expect(await mine()).toEqual([]);
    expect(await the().callbackOutcomes(target.payment.id)).toEqual(["PENDING_VERIFICATION"]);
    const [attempt] = (await fileOf(the(), target.payment)).attempts;
    expect(attempt?.nextInquiryAt).toBeLessThanOrEqual(the().now() + 1_000);
    await the().callbacks.rematch(found, FORGED, target);
    expect(await the().callbackOutcomes(target.payment.id)).toEqual(["PENDING_VERIFICATION"]);
  });
}

function recording(the: () => StoreWorld): void {
  it("makes the inquiry due now, with the claim's charge as hint", async () => {
    const target = await waiting(the());
    expect(await the().queue.claimOne(target.attempt.id)).toBeNull();
    expect(await the().callbacks.record(evidence({ gatewayRef: "val_1" }), ASK, target)).toBe(true);
    expect(await the().queue.claimOne(target.attempt.id)).toMatchObject({ hint: "val_1" });
    expect(await the().callbackOutcomes(target.payment.id)).toEqual(["PENDING_VERIFICATION"]);
    expect((await fileOf(the(), target.payment)).awaitingConfirmation).toBe(true);
  });

  it("wakes an attempt that was not to be asked about any more", async () => {
    const resting = await attempted(the(), await created(the()), { state: "PAID", nextInquiryAt: null });
    await the().callbacks.record(evidence(), ASK, { ...resting, knownCharges: [] });
    expect(await the().queue.claimOne(resting.attempt.id)).not.toBeNull();
  });

  it("keeps the hint that is there when a later claim names no charge", async () => {
    const target = await waiting(the());
    await the().callbacks.record(evidence({ gatewayRef: "val_1" }), ASK, target);
    await the().callbacks.record(evidence({ says: "failed" }), ASK, target);
    expect(await the().queue.claimOne(target.attempt.id)).toMatchObject({ hint: "val_1" });
  });

  it("lets unsigned claims ask about a payment every five seconds at most, signed ones at once", async () => {
    const said = { finding: null, moved: false };
    const isAskedAfter = async (askedAgoMs: number, signature: Claim["signature"]): Promise<boolean> => {
      const target = await waiting(the());
      await answer(the(), target, { ...said, askedAt: the().now() - askedAgoMs });
      await the().callbacks.record(evidence({ says: "cancelled", signature }), ASK, target);
      return (await the().queue.claimOne(target.attempt.id)) !== null;
    };
    expect(await isAskedAfter(1_000, "absent")).toBe(false);
    expect(await isAskedAfter(5_001, "absent")).toBe(true);
    expect(await isAskedAfter(1_000, "weak")).toBe(true);
  });

  it("keeps a forged or unmatched claim as evidence and asks nobody", async () => {
    const target = await waiting(the());
    expect(await the().callbacks.record(evidence({ gatewayRef: "val_1" }), FORGED, target)).toBe(true);
    expect(await the().callbackOutcomes(target.payment.id)).toEqual(["FORGED"]);
    expect(await the().queue.claimOne(target.attempt.id)).toBeNull();
    const unmatched: CallbackRuling = { ...FORGED, outcome: "UNMATCHED" };
    expect(await the().callbacks.record(evidence(), unmatched, null)).toBe(true);
  });

  it("counts a copy of the same bytes and lets it do nothing", async () => {
    const target = await waiting(the());
    const original = evidence({ gatewayRef: "val_1" });
    await the().callbacks.record(original, FORGED, target);
    for (let i = 0; i < 2; i++) expect(await the().callbacks.record(original, ASK, target)).toBe(false);
    expect(await the().callbackOutcomes(target.payment.id)).toEqual(["FORGED", "DUPLICATE", "DUPLICATE"]);
    expect(await the().queue.claimOne(target.attempt.id)).toBeNull();
    const elsewhere: CallbackEvidence = { ...original, channel: "return" };
    expect(await the().callbacks.record(elsewhere, FORGED, target)).toBe(true);
  });

  it("lets an unsigned claim name no charge to ask about, and disturb no commit that loaded before it", async () => {
    const target = await waiting(the());
    for (const says of ["paid", "failed", "cancelled"] as const) {
      const claim = { says, signature: "absent", gatewayRef: "val_forged" } as const;
      await the().callbacks.record(evidence(claim), ASK, target);
    }
    await the().callbacks.record(evidence({ says: "failed" }), ASK, target);
    const inquiry = await the().queue.claimOne(target.attempt.id);
    expect(inquiry).toMatchObject({ hint: null });
    await the().payments.commit(change(target.payment, { attempts: [target.attempt] }));
  });

  it("makes a commit that loaded before it load again", async () => {
    const target = await waiting(the());
    await the().callbacks.record(evidence({ gatewayRef: "val_1" }), ASK, target);
    await expect(
      the().payments.commit(change(target.payment, { attempts: [target.attempt] })),
    ).rejects.toMatchObject({ name: "VersionConflict" });
    expect((await fileOf(the(), target.payment)).attempts[0]).toMatchObject({ hint: "val_1" });
  });
}

type Said = {
  readonly finding: Finding;
  readonly moved: boolean;
  readonly refuted?: boolean;
  /** Answers after the callback unless it says otherwise. */
  readonly askedAt?: number;
};

async function answer(world: StoreWorld, target: CallbackTarget, said: Said): Promise<void> {
  const { payment } = await fileOf(world, target.payment);
  const denied = said.finding === "failed";
  const inquiry = {
    refuted: false,
    attemptId: target.attempt.id,
    operation: "confirm" as const,
    askedAt: world.now() + 1,
    tookMs: 1,
    verdict: denied
      ? ({ outcome: "failed", reason: "declined" } as const)
      : ({ outcome: "pending", phase: "open" } as const),
    ...said,
  };
  await world.payments.commit(change(payment, { attempts: [target.attempt], inquiry }));
}

function deciding(the: () => StoreWorld): void {
  const outcomesAfter = async (
    claims: readonly [Partial<Claim>, Partial<CallbackRuling>?][],
    ...answers: readonly Said[]
  ) => {
    const target = await waiting(the());
    for (const [claim, ruling] of claims) {
      await the().callbacks.record(evidence(claim), { ...ASK, ...ruling }, target);
    }
    for (const said of answers) await answer(the(), target, said);
    return the().callbackOutcomes(target.payment.id);
  };

  it("leaves callbacks waiting while the answer is not definite", async () => {
    const outcomes = await outcomesAfter([[{}]], { finding: null, moved: false });
    expect(outcomes).toEqual(["PENDING_VERIFICATION"]);
  });

  it("applies the first that said what moved, calls the next a duplicate and the opposite stale", async () => {
    const claims: [Partial<Claim>][] = [[{ says: "failed" }], [{ says: "paid" }], [{ says: "paid" }]];
    const outcomes = await outcomesAfter(claims, { finding: "paid", moved: true });
    expect(outcomes).toEqual(["STALE", "APPLIED", "DUPLICATE"]);
  });

  it("calls a callback whose answer moved nothing a duplicate", async () => {
    expect(await outcomesAfter([[{}]], { finding: "paid", moved: false })).toEqual(["DUPLICATE"]);
  });

  it("calls a signed claim with other figures a mismatch, whatever the gateway answered", async () => {
    const claims: [Partial<Claim>, Partial<CallbackRuling>?][] = [[{}, { claimDiffers: true }], [{}]];
    const outcomes = await outcomesAfter(claims, { finding: "paid", moved: true });
    expect(outcomes).toEqual(["MISMATCH", "APPLIED"]);
  });

  it("calls a claim of payment a mismatch when the gateway's own figures differ", async () => {
    const claims: [Partial<Claim>][] = [[{}], [{ says: "failed" }]];
    const outcomes = await outcomesAfter(claims, { finding: "mismatch", moved: false });
    expect(outcomes).toEqual(["MISMATCH", "STALE"]);
  });

  it("lets a signed claim of payment wait through denials until it is refuted", async () => {
    const claims: [Partial<Claim>][] = [[{}], [{ signature: "absent" }], [{ says: "failed" }]];
    const denied: Said = { finding: "failed", moved: true };
    expect(await outcomesAfter(claims, denied)).toEqual(["PENDING_VERIFICATION", "STALE", "APPLIED"]);
    const outcomes = await outcomesAfter(claims, denied, { ...denied, moved: false, refuted: true });
    expect(outcomes).toEqual(["MISMATCH", "STALE", "APPLIED"]);
  });

  it("tells the file what signed claims of payment wait, and when they were first denied", async () => {
    const target = await waiting(the());
    const { id: attemptId } = target.attempt;
    const claims = async () => (await fileOf(the(), target.payment)).waitingClaims;
    await the().callbacks.record(evidence({ signature: "absent" }), ASK, target);
    expect(await claims()).toEqual([]);
    await answer(the(), target, { finding: "failed", moved: true, askedAt: the().now() - 1_000 });
    await the().callbacks.record(evidence(), ASK, target);
    expect(await claims()).toEqual([{ attemptId, differ: false, deniedAt: null }]);
    const before = the().now();
    await answer(the(), target, { finding: "failed", moved: true });
    expect(await claims()).toEqual([{ attemptId, differ: false, deniedAt: expect.any(Number) }]);
    expect((await claims())[0]?.deniedAt).toBeGreaterThan(before);
    await the().callbacks.record(evidence(), { ...ASK, claimDiffers: true }, target);
    expect(await claims()).toMatchObject([{ attemptId, differ: true }]);
    await answer(the(), target, { finding: "paid", moved: true });
    expect(await claims()).toEqual([]);
  });

  it("decides nothing about callbacks of another attempt", async () => {
    const one = await waiting(the());
    const other = await waiting(the());
    await the().callbacks.record(evidence(), ASK, one);
    await answer(the(), other, { finding: "paid", moved: true });
    expect(await the().callbackOutcomes(one.payment.id)).toEqual(["PENDING_VERIFICATION"]);
  });
}
