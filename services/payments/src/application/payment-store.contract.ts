import { VersionConflict } from "@oi/kernel/errors";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { eventsOf } from "../domain/events.ts";
import { markPending } from "../domain/payment.ts";
import { uniqueNumber } from "../testing/samples.ts";
import { open, settle } from "../testing/settled.ts";
import {
  attempted,
  change,
  create,
  created,
  fileOf,
  register,
  type StoreWorld,
  scopeOf,
} from "../testing/store-world.ts";
import { readingCheckouts } from "./checkout-read.contract.ts";
import { anyPayment, listing } from "./payment-list.contract.ts";

function key(text: string, fingerprint = 1) {
  return { route: "POST /payments", key: text, fingerprint: new Uint8Array(32).fill(fingerprint) };
}

/** What every payment store does, whatever it is made of. */
export function paymentStoreContract(name: string, openWorld: () => Promise<StoreWorld>): void {
  describe(`${name}: payments`, () => {
    let world: StoreWorld;
    beforeAll(async () => {
      world = await openWorld();
    });
    afterAll(() => world[Symbol.asyncDispose]());

    creating(() => world);
    repeating(() => world);
    purging(() => world);
    listing(() => world);
    readingCheckouts(() => world);
    committing(() => world);
    racing(() => world);
  });
}

function creating(the: () => StoreWorld): void {
  it("gives a created payment back by id, by reference and as a file", async () => {
    const { payment, replayed } = await create(the());
    expect(replayed).toBe(false);
    expect(await the().payments.byId(payment.id, payment.scope)).toEqual(payment);
    expect(await the().payments.byReference(payment.reference, payment.scope)).toEqual(payment);
    const file = await fileOf(the(), payment);
    expect(file).toMatchObject({ payment, attempts: [], knownCharges: [], awaitingConfirmation: false });
    expect(file.applicationName).toMatch(/^Shop \d+$/);
  });

  it("writes one history row and one event with the payment", async () => {
    const payment = await created(the());
    expect(await the().history(payment.id)).toEqual([
      { version: 1, from: null, to: "CREATED", cause: "api" },
    ]);
    expect(await the().published(payment.reference)).toEqual([{ type: "payment.created", version: 1 }]);
  });

  it("keeps absent fields absent", async () => {
    const customer = { reference: "c", email: null, phone: null, name: null };
    const payment = await created(the(), { customer, productName: null, redirectUrl: null });
    expect(await the().payments.byId(payment.id, payment.scope)).toMatchObject({
      customer,
      productName: null,
      redirectUrl: null,
    });
  });

  it("hides a payment from other applications and from the other mode", async () => {
    const { id, reference, scope } = await created(the());
    for (const foreign of [{ ...scope, mode: "LIVE" as const }, await scopeOf(the())]) {
      expect(await the().payments.byId(id, foreign)).toBeNull();
      expect(await the().payments.byReference(reference, foreign)).toBeNull();
    }
    expect(await the().payments.fileByReference(`pay_${"1".repeat(22)}`)).toBeNull();
  });

  it("refuses an application that does not exist", async () => {
    const scope = { applicationId: 999_999_999, mode: "TEST" } as const;
    await expect(create(the(), { scope })).rejects.toMatchObject({ reason: "RESOURCE_NOT_FOUND" });
  });

  it("refuses an amount outside the application's limits and takes the limits themselves", async () => {
    const { id } = await register(the(), { minAmountMinor: 100n, maxAmountMinor: 200n });
    const wish = (amountMinor: bigint) => ({
      scope: { applicationId: id, mode: "TEST" as const },
      amount: { amountMinor, currency: "BDT" },
    });
    for (const amountMinor of [99n, 201n]) {
      await expect(create(the(), wish(amountMinor))).rejects.toMatchObject({
        reason: "VALIDATION_ERROR",
        fields: { amountMinor: expect.any(String) },
      });
    }
    for (const amountMinor of [100n, 200n]) await create(the(), wish(amountMinor));
  });
}

function repeating(the: () => StoreWorld): void {
  it("answers a repeated key with the first answer, even when the payment moved since", async () => {
    const scope = await scopeOf(the());
    const first = await create(the(), { scope, idempotency: key("k-1"), requestId: "req-first" });
    await attempted(the(), first.payment);
    const again = await create(the(), { scope, idempotency: key("k-1"), requestId: "req-second" });
    expect(again).toEqual({ ...first, replayed: true });
    expect(again.firstRequestId).toBe("req-first");
    const { total } = await the().payments.list({ ...anyPayment, customerReference: "cust-1" }, scope);
    expect(total).toBe(1);
  });

  it("refuses a key that was used for another request", async () => {
    const scope = await scopeOf(the());
    await create(the(), { scope, idempotency: key("k-2", 1) });
    await expect(create(the(), { scope, idempotency: key("k-2", 2) })).rejects.toMatchObject({
      reason: "IDEMPOTENCY_KEY_CONFLICT",
    });
  });

  it("keeps the keys of applications, modes and routes apart", async () => {
    const scope = await scopeOf(the());
    const others = [
      { scope: { ...scope, mode: "LIVE" as const }, idempotency: key("k-3") },
      { scope: await scopeOf(the()), idempotency: key("k-3") },
      { scope, idempotency: { ...key("k-3"), route: "POST /invoices" } },
    ];
    const first = await create(the(), { scope, idempotency: key("k-3") });
    for (const other of others) {
      const { payment, replayed } = await create(the(), other);
      expect(replayed).toBe(false);
      expect(payment.id).not.toBe(first.payment.id);
    }
  });

  it("leaves the key of a refused request free", async () => {
    const { id } = await register(the(), { minAmountMinor: 100n });
    const scope = { applicationId: id, mode: "TEST" } as const;
    const idempotency = key("k-4");
    const small = { amountMinor: 1n, currency: "BDT" };
    await expect(create(the(), { scope, idempotency, amount: small })).rejects.toMatchObject({
      reason: "VALIDATION_ERROR",
    });
    expect((await create(the(), { scope, idempotency })).replayed).toBe(false);
  });
}

function purging(the: () => StoreWorld): void {
  it("forgets answers that are older than their retention, and no others", async () => {
    const scope = await scopeOf(the());
    const first = await create(the(), { scope, idempotency: key("old") });
    expect(await the().payments.purgeAnswers(60_000, 100)).toBe(0);
    expect((await create(the(), { scope, idempotency: key("old") })).replayed).toBe(true);
    // Everything that was answered until now is older than a time to come.
    expect(await the().payments.purgeAnswers(-60_000, 1)).toBe(1);
    while ((await the().payments.purgeAnswers(-60_000, 100)) > 0);
    const again = await create(the(), { scope, idempotency: key("old") });
    expect(again.replayed).toBe(false);
    expect(again.payment.id).not.toBe(first.payment.id);
  });
}

function committing(the: () => StoreWorld): void {
  it("stores a step with its history and its event", async () => {
    const { payment } = await attempted(the(), await created(the()));
    const now = the().now();
    const opened = markPending(open(payment), now);
    const events = eventsOf(opened.payment, opened.steps, now, { attemptId: 1, charges: [] });
    await the().payments.commit(change(payment, { ...opened, events }));
    const after = await the().payments.byId(payment.id, payment.scope);
    expect(after).toEqual({ ...opened.payment, revision: payment.revision + 1 });
    expect(await the().history(payment.id)).toContainEqual(opened.steps[0]);
    expect(await the().published(payment.reference)).toContainEqual({ type: "payment.opened", version: 2 });
  });

  it("gives new attempts their ids and every field of an attempt back", async () => {
    const payment = await created(the());
    const now = the().now();
    const part = {
      state: "UNKNOWN",
      reason: 'timeout "x"',
      hint: "val_1",
      failedAt: now - 5,
      doubt: { gatewayRef: "val_2", at: now - 4 },
      nextInquiryAt: null,
      createdAt: now - 6,
    } as const;
    const { attempt } = await attempted(the(), payment, part);
    expect(attempt).toMatchObject({ ...part, no: 1, merchantRef: `${payment.reference}-1` });
    expect(attempt.id).toBeGreaterThan(0);
  });

  it("replaces an abandoned attempt by a new one in the same commit", async () => {
    const payment = await created(the());
    const { attempt } = await attempted(the(), payment, { state: "OPENING" });
    const file = await fileOf(the(), payment);
    const next = { ...attempt, id: 0, no: 2, merchantRef: `${payment.reference}-2` };
    const attempts = [{ ...attempt, state: "UNKNOWN" as const }, next];
    const stored = await the().payments.commit(change(file.payment, { attempts }));
    expect(stored.map(({ no }) => no)).toEqual([1, 2]);
    const after = await fileOf(the(), payment);
    expect(after.attempts.map(({ id, state }) => ({ id, state }))).toEqual([
      { id: attempt.id, state: "UNKNOWN" },
      { id: stored[1]?.id, state: "OPENING" },
    ]);
  });

  it("stores charges once and names them in the file", async () => {
    const { settled, attempt, payment } = await settle(the());
    expect(await the().payments.byId(payment.id, payment.scope)).toEqual({
      ...settled,
      revision: payment.revision + 1,
    });
    expect((await fileOf(the(), payment)).knownCharges).toEqual([`val_${attempt.merchantRef}`]);
    expect(await the().inquiries(payment.id)).toEqual(["inquire paid"]);
    expect(await the().published(payment.reference)).toEqual([
      { type: "payment.created", version: 1 },
      { type: "payment.opened", version: 2 },
      { type: "payment.succeeded", version: 3 },
    ]);
  });
}

function racing(the: () => StoreWorld): void {
  it("keeps the answer of a change under its key, and changes nothing a second time", async () => {
    const payment = await created(the());
    const key = { route: "ResolveReview", key: "k", fingerprint: new Uint8Array(32).fill(1) };
    const answer = { key, resourceId: payment.id, resource: payment };
    expect(await the().payments.answered(payment.scope, key)).toBeNull();
    await the().payments.commit(change(payment, { answer }));
    expect(await the().payments.answered(payment.scope, key)).toEqual(payment);
    const { payment: now } = await fileOf(the(), payment);
    await expect(the().payments.commit(change(now, { answer }))).rejects.toBeInstanceOf(VersionConflict);
    expect((await fileOf(the(), payment)).payment.revision).toBe(now.revision);
    expect(await the().payments.answered({ ...payment.scope, mode: "LIVE" }, key)).toBeNull();
    const other = { ...key, fingerprint: new Uint8Array(32).fill(2) };
    await expect(the().payments.answered(payment.scope, other)).rejects.toMatchObject({
      reason: "IDEMPOTENCY_KEY_CONFLICT",
    });
  });

  it("writes nothing at all when the payment changed meanwhile", async () => {
    const payment = await created(the());
    await the().payments.commit(change(payment));
    const opened = markPending(open(payment), the().now());
    const events = eventsOf(opened.payment, opened.steps, the().now(), { attemptId: 1, charges: [] });
    const late = change(payment, { ...opened, events });
    await expect(the().payments.commit(late)).rejects.toBeInstanceOf(VersionConflict);
    expect(await the().history(payment.id)).toHaveLength(1);
    expect(await the().published(payment.reference)).toHaveLength(1);
    expect((await the().payments.byId(payment.id, payment.scope))?.status).toBe("CREATED");
  });

  it("keeps a payment at one attempt that is opening or open", async () => {
    const payment = await created(the());
    await attempted(the(), payment);
    await expect(attempted(the(), payment)).rejects.toBeInstanceOf(VersionConflict);
    expect((await fileOf(the(), payment)).attempts).toHaveLength(1);
  });

  it("records a charge of an account once, whichever payment names it", async () => {
    const ref = `val_shared_${uniqueNumber()}`;
    await settle(the(), { gatewayRef: ref });
    await expect(settle(the(), { gatewayRef: ref })).rejects.toBeInstanceOf(VersionConflict);
  });
}
