import { VersionConflict } from "@oi/kernel/errors";
import { eventually } from "@oi/testkit/eventually";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { inquire } from "../../application/inquire.ts";
import { openCheckout } from "../../application/open-checkout.ts";
import type { Inquiry } from "../../application/ports.ts";
import { eventsOf } from "../../domain/events.ts";
import { DEFAULT_SCHEDULE } from "../../domain/inquiry-schedule.ts";
import { markPending } from "../../domain/payment.ts";
import { type PostgresWorld, postgresWorld } from "../../testing/postgres-world.ts";
import { sampleEvidence, sampleRefundReference, sampleRules } from "../../testing/samples.ts";
import { attempted, change, create, created, fileOf, scopeOf } from "../../testing/store-world.ts";
import { memoryGateway } from "../memory/memory-gateway.ts";
import { memoryGateways } from "../memory/memory-gateways.ts";

const LOCK_TIMEOUT_MS = 150;
let world: PostgresWorld;
beforeAll(async () => {
  world = await postgresWorld(LOCK_TIMEOUT_MS);
});
afterAll(() => world[Symbol.asyncDispose]());

const KEY = { route: "POST /payments", key: "one", fingerprint: new Uint8Array(32) };
const times = <T>(n: number, work: (i: number) => T): T[] => Array.from({ length: n }, (_, i) => work(i));

describe("one idempotency key", () => {
  it("makes one payment and one answer of fifty requests at once", async () => {
    const scope = await scopeOf(world);
    const answers = await Promise.all(
      times(50, (i) => create(world, { scope, idempotency: KEY, requestId: `req-${i}` })),
    );
    expect(answers.filter(({ replayed }) => !replayed)).toHaveLength(1);
    const contents = answers.map(({ replayed: _, ...content }) => content);
    for (const content of contents) expect(content).toEqual(contents[0]);
    const [count] = await world.admin`
      select (select count(*) from payment where application_id = ${scope.applicationId})::int as payments,
        (select count(*) from idempotency where application_id = ${scope.applicationId})::int as keys`;
    expect(count).toEqual({ payments: 1, keys: 1 });
  });

  it("has a repeat wait for the first request's commit, and then give its answer", async () => {
    await using patient = await postgresWorld(5_000);
    const scope = await scopeOf(patient);
    const model = await create(patient, { scope, idempotency: { ...KEY, key: "model" }, requestId: "first" });
    const repeats = await patient.admin
      .begin(async (first) => {
        await first`
        insert into idempotency (application_id, mode, route, key, fingerprint, resource_id, status, answer, request_id, render_version)
        select application_id, mode, route, ${KEY.key}, fingerprint, resource_id, status, answer, request_id, render_version
        from idempotency where application_id = ${scope.applicationId} and key = 'model'`;
        const repeat = create(patient, { scope, idempotency: KEY, requestId: "second" });
        await eventually(async () => {
          const [row] = await patient.admin`
          select count(*)::int as n from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`;
          expect(row?.n).toBe(1);
        });
        // The transaction is to be committed before the repeat can be waited for.
        return [repeat];
      })
      .then((unsettled) => Promise.all(unsettled));
    expect(repeats).toMatchObject([{ payment: model.payment, replayed: true, firstRequestId: "first" }]);
  });

  it("is in progress while the first request's transaction stays open too long", async () => {
    const scope = await scopeOf(world);
    await world.admin
      .begin(async (first) => {
        await first`
          insert into idempotency (application_id, mode, route, key, fingerprint, resource_id, status, answer, request_id,
            render_version)
          values (${scope.applicationId}, ${scope.mode}, ${KEY.route}, ${KEY.key}, ${Buffer.alloc(32)}, 1, 201, '', 'r', 1)`;
        await expect(create(world, { scope, idempotency: KEY })).rejects.toMatchObject({
          reason: "IDEMPOTENCY_IN_PROGRESS",
          retryAfterSeconds: 1,
        });
        throw new Error("the first request failed");
      })
      .catch((error: Error) => expect(error.message).toBe("the first request failed"));
    expect((await create(world, { scope, idempotency: KEY })).replayed).toBe(false);
  });
});

describe("one revision of a payment", () => {
  it("lets exactly one of twenty commits win, with its rows written once", async () => {
    const { payment } = await attempted(world, await created(world));
    if (payment.status !== "CREATED") throw new Error("a new payment is CREATED");
    const now = world.now();
    const opened = markPending(payment, now);
    const events = eventsOf(opened.payment, opened.steps, now, { attemptId: null, charges: [] });
    const results = await Promise.allSettled(
      times(20, () => world.payments.commit(change(payment, { ...opened, events }))),
    );
    const lost = results.filter((result) => result.status === "rejected");
    expect(lost).toHaveLength(19);
    for (const { reason } of lost) expect(reason).toBeInstanceOf(VersionConflict);
    expect(await world.history(payment.id)).toHaveLength(2);
    expect(await world.published(payment.reference)).toHaveLength(2);
  });

  it("writes history and event in the same transaction, step by step", async () => {
    const { payment } = await attempted(world, await created(world));
    if (payment.status !== "CREATED") throw new Error("a new payment is CREATED");
    const opened = markPending(payment, world.now());
    const events = eventsOf(opened.payment, opened.steps, world.now(), { attemptId: null, charges: [] });
    const wakeUps = world.wakeUps();
    await world.payments.commit(change(payment, { ...opened, events }));
    expect(world.wakeUps()).toBe(wakeUps + 1);
    const pairs = await world.admin`
      select h.version::int, o.subject, h.xid = o.xid as together, o.payload, o.headers
      from payment_history h left join outbox o on o.aggregate = ${payment.reference} and o.version = h.version
      where h.payment_id = ${payment.id} order by h.version`;
    const payload = expect.stringContaining('a \\"quoted\\" \\\\ text');
    expect(pairs).toMatchObject([
      { version: 1, subject: "payments.payment.created", together: true, payload },
      { version: 2, subject: "payments.payment.opened", together: true, payload },
    ]);
    expect(pairs[1]?.headers).toEqual({ "ce-type": "payment.opened" });
  });

  it("opens one session of twenty clicks at once and sends everybody there", async () => {
    const gateway = memoryGateway();
    const open = openCheckout({
      payments: world.payments,
      gateways: memoryGateways({ TEST: gateway }),
      clock: world,
      urls: { returnUrl: (outcome) => `https://oi.test/${outcome}`, notificationUrl: "https://oi.test/ipn" },
      schedule: DEFAULT_SCHEDULE,
      chance: () => 0,
      pause: () => new Promise((resolve) => setImmediate(resolve)),
    });
    const payment = await created(world);
    const { signal } = new AbortController();
    const answers = await Promise.all(times(20, () => open(payment.reference, signal)));
    expect(new Set(answers.map(({ redirectUrl }) => redirectUrl)).size).toBe(1);
    expect(gateway.calls).toEqual([{ operation: "openSession", ref: `${payment.reference}-1` }]);
    expect((await fileOf(world, payment)).attempts).toHaveLength(1);
  });
});

describe("one charge", () => {
  it("that four askers hear of at once settles once, with one history row, one event and one charge", async () => {
    const gateway = memoryGateway();
    const gateways = memoryGateways({ TEST: gateway });
    const { payments, refunds } = world;
    const ids = { refundReference: sampleRefundReference };
    const ask = inquire({
      payments,
      refunds,
      gateways,
      clock: world,
      stopwatch: world.now,
      rules: sampleRules,
      ids,
      chance: () => 0,
    });
    const { payment, attempt } = await attempted(world, await created(world));
    if (payment.status !== "CREATED") throw new Error("a new payment is CREATED");
    const evidence = sampleEvidence(payment, attempt.merchantRef);
    gateway.inquire = async () => ({ outcome: "paid", payments: [evidence] });
    const { reference: paymentReference } = payment;
    const { signal } = new AbortController();
    await Promise.all(
      times(4, () => ask({ paymentReference, attemptNo: attempt.no, hint: null }, "sweep", signal)),
    );
    expect((await world.history(payment.id)).map(({ to }) => to)).toEqual([
      "CREATED",
      "PENDING",
      "SUCCEEDED",
    ]);
    expect((await world.published(paymentReference)).map(({ type }) => type)).toEqual([
      "payment.created",
      "payment.opened",
      "payment.succeeded",
    ]);
    const [charge] = await world.admin`
      select kind, gateway_ref, amount_minor, settled_minor, gross_minor, validated, method from charge
      where payment_id = ${payment.id}`;
    expect(charge).toEqual({
      kind: "SETTLEMENT",
      gateway_ref: evidence.gatewayRef,
      amount_minor: "123456",
      gross_minor: "123456",
      settled_minor: "123449",
      validated: true,
      method: evidence.method,
    });
    expect(await world.inquiries(payment.id)).toHaveLength(4);
  });
});

describe("the inquiry list", () => {
  it("never hands one attempt to two of four claimers", async () => {
    await Promise.all(
      times(40, async () => attempted(world, await created(world), { nextInquiryAt: world.now() - 1_000 })),
    );
    const [due] = await world.admin`
      select count(*)::int as n from gateway_attempt where next_inquiry_at <= clock_timestamp()`;
    const claimed: Inquiry[] = [];
    const claimer = async (): Promise<void> => {
      for (;;) {
        const some = await world.queue.claimDue(3);
        if (some.length === 0) return;
        claimed.push(...some);
      }
    };
    await Promise.all(times(4, claimer));
    expect(claimed.length).toBeGreaterThanOrEqual(40);
    expect(claimed).toHaveLength(due?.n);
    expect(new Set(claimed.map(({ paymentReference }) => paymentReference)).size).toBe(claimed.length);
    await world.endLeases();
    expect(await world.queue.claimDue(100)).toHaveLength(claimed.length);
  });

  it("passes over an attempt that somebody is just leasing, and does not wait", async () => {
    const taken = await attempted(world, await created(world), { nextInquiryAt: world.now() - 1_000 });
    const free = await attempted(world, await created(world), { nextInquiryAt: world.now() - 1_000 });
    await world.admin.begin(async (other) => {
      await other`update gateway_attempt set inquiry_lease_until = clock_timestamp() + interval '30 seconds'
        where id = ${taken.attempt.id}`;
      const claimed = (await world.queue.claimDue(100)).map(({ paymentReference }) => paymentReference);
      expect(claimed).toContain(free.payment.reference);
      expect(claimed).not.toContain(taken.payment.reference);
    });
  });

  it("lets one of ten ask about an attempt", async () => {
    const { attempt } = await attempted(world, await created(world), { nextInquiryAt: world.now() - 1 });
    const claims = await Promise.all(times(10, () => world.queue.claimOne(attempt.id)));
    expect(claims.filter((claim) => claim !== null)).toHaveLength(1);
  });
});
