import { fc, test } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import { type Answer, type JudgedHistory, playAnswers, startOf } from "../testing/judged-history.ts";
import { sampleAttempt, sampleEvidence, samplePayment } from "../testing/samples.ts";
import { isClosed } from "./attempt.ts";
import type { PaidEvidence, PaymentVerdict } from "./gateway.ts";
import { isOpen, isPaid } from "./payment.ts";

const START = 1_767_225_600_000;
const payment = samplePayment(START);

/** What the public contract says may follow what. */
const LIFECYCLE: Readonly<Record<string, readonly string[]>> = {
  CREATED: ["PENDING", "EXPIRED"],
  PENDING: ["SUCCEEDED", "FAILED", "CANCELLED", "EXPIRED"],
};

/** A payment with a lost session, an ended one and perhaps an open one. */
const start: fc.Arbitrary<JudgedHistory> = fc
  .record({
    opened: fc.boolean(),
    first: fc.constantFrom("UNKNOWN", "EXPIRED", "REJECTED", "OPENING"),
    hasSecond: fc.boolean(),
  })
  .map(({ opened, first, hasSecond }) => {
    const begun = opened ? ({ ...payment, status: "PENDING", version: 2 } as const) : payment;
    const one = sampleAttempt(payment, START, { state: first });
    const two = sampleAttempt(payment, START, { no: 2, state: "OPEN" });
    return startOf(begun, hasSecond || first === "REJECTED" ? [one, two] : [one]);
  });

/** Three charges that exist, some of which are not this payment's or not confirmed. */
const evidence = (attemptNo: number): fc.Arbitrary<PaidEvidence> =>
  fc
    .record({
      gatewayRef: fc.constantFrom("val_1", "val_2", "val_3"),
      validated: fc.boolean(),
      risk: fc.constantFrom({ level: 0, title: "Safe" } as const, { level: 1, title: "Risky" } as const),
      twist: fc.constantFrom<Partial<PaidEvidence>>(
        {},
        {},
        {},
        { charged: { amountMinor: 1n, currency: "BDT" } },
        { charged: { ...payment.amount, currency: "USD" } },
        { accountRef: "other" },
        { merchantRef: "pay_other-1" },
      ),
    })
    .map(({ twist, ...part }) =>
      sampleEvidence(payment, `${payment.reference}-${attemptNo}`, { ...part, ...twist }),
    );

const verdict = (attemptNo: number): fc.Arbitrary<PaymentVerdict> =>
  fc.oneof(
    fc
      .tuple(evidence(attemptNo), fc.array(evidence(attemptNo), { maxLength: 2 }))
      .map(([first, rest]): PaymentVerdict => ({ outcome: "paid", payments: [first, ...rest] })),
    fc.constantFrom<PaymentVerdict>(
      { outcome: "failed", reason: "declined" },
      { outcome: "cancelled", reason: "by customer" },
      { outcome: "expired", reason: "timed out" },
      { outcome: "unknown", cause: "timeout", sent: true },
    ),
    fc
      .constantFrom("open" as const, "unattempted" as const, "in_flight" as const, "absent" as const)
      .map((phase): PaymentVerdict => ({ outcome: "pending", phase })),
  );

const afterMs = fc.constantFrom(
  0,
  1_000,
  15_000,
  30_000,
  60_000,
  900_000,
  1_800_000,
  86_400_000,
  604_800_000,
);
const answer: fc.Arbitrary<Answer> = fc
  .constantFrom(1, 2)
  .chain((attemptNo) =>
    fc.record({ attemptNo: fc.constant(attemptNo), afterMs, verdict: verdict(attemptNo) }),
  );
const answers = fc.array(answer, { maxLength: 6 });

describe("any sequence of answers", () => {
  test.prop([start, answers], { numRuns: 2_000 })(
    "leaves a success a success and a closed payment closed",
    (from, said) => {
      const { statuses } = playAnswers(from, said);
      const final = statuses.findIndex((status) => LIFECYCLE[status] === undefined);
      if (final >= 0) expect(new Set(statuses.slice(final)).size).toBe(1);
    },
  );

  test.prop([start, answers], { numRuns: 2_000 })(
    "moves only along the lifecycle, each step under the next version and with its event",
    (from, said) => {
      const after = playAnswers(from, said);
      let { status, version } = from.payment;
      for (const step of after.steps) {
        expect(step).toMatchObject({ from: status, version: version + 1 });
        expect(LIFECYCLE[status]).toContain(step.to);
        status = step.to;
        version = step.version;
      }
      expect(after.payment).toMatchObject({ status, version });
      const told = after.events.flatMap((event) => (event.kind === "payment" ? [event.payment] : []));
      expect(told.map((one) => ({ version: one.version, to: one.status }))).toEqual(
        after.steps.map((step) => ({ version: step.version, to: step.to })),
      );
    },
  );

  test.prop([start, answers], { numRuns: 2_000 })(
    "settles at most once, records each charge once, and takes no money that is not the payment's",
    (from, said) => {
      const { charges, payment: after, events } = playAnswers(from, said);
      expect(charges.filter(({ kind }) => kind === "SETTLEMENT")).toHaveLength(isPaid(after) ? 1 : 0);
      expect(new Set(charges.map(({ gatewayRef }) => gatewayRef)).size).toBe(charges.length);
      for (const charge of charges) expect(charge.charged).toEqual(payment.amount);
      const late = charges.filter(({ kind }) => kind !== "SETTLEMENT");
      expect(events.filter(({ kind }) => kind === "late_receipt")).toHaveLength(late.length);
      expect(after.reviewReasons.includes("LATE_MONEY_HELD")).toBe(late.length > 0);
    },
  );

  test.prop([start, answers], { numRuns: 2_000 })(
    "never ends the asking about an open payment that had a session, nor asks about the past",
    (from, said) => {
      const after = playAnswers(from, said);
      for (const { attempt } of after.judgements) {
        if (attempt.nextInquiryAt !== null) expect(attempt.nextInquiryAt).toBeGreaterThan(START);
      }
      const last = after.judgements.at(-1);
      if (!last) return;
      const { nextInquiryAt } = last.attempt;
      if (nextInquiryAt !== null) expect(nextInquiryAt).toBeGreaterThan(after.now);
      else if (isOpen(after.payment)) expect(isClosed(last.attempt)).toBe(true);
    },
  );

  test.prop([start, answers, fc.nat()], { numRuns: 2_000 })(
    "ends the same when one of the answers is heard twice",
    (from, said, at) => {
      const i = at % Math.max(1, said.length);
      const one = said[i];
      if (!one) return;
      const doubled = [...said.slice(0, i + 1), { ...one, afterMs: 0 }, ...said.slice(i + 1)];
      const once = playAnswers(from, said);
      const twice = playAnswers(from, doubled);
      expect(twice.payment).toEqual(once.payment);
      expect(twice.charges).toEqual(once.charges);
      expect(twice.attempts).toEqual(once.attempts);
    },
  );
});

describe("a failure of try 1, a success of try 2 and the end of session 1", () => {
  const said: readonly Omit<Answer, "afterMs">[] = [
    { attemptNo: 1, verdict: { outcome: "failed", reason: "declined" } },
    {
      attemptNo: 2,
      verdict: { outcome: "paid", payments: [sampleEvidence(payment, `${payment.reference}-2`)] },
    },
    { attemptNo: 1, verdict: { outcome: "expired", reason: "timed out" } },
  ];
  const order = fc.shuffledSubarray([0, 1, 2, 0, 1, 2], { minLength: 6 });
  const pause = fc.integer({ min: 0, max: 120_000 });

  test.prop([order, fc.array(pause, { minLength: 6, maxLength: 6 }), fc.constantFrom("UNKNOWN", "EXPIRED")])(
    "end the same in every order, repeated or not",
    (indexes, pauses, first) => {
      const attempts = [
        sampleAttempt(payment, START, { state: first as "UNKNOWN" }),
        sampleAttempt(payment, START, { no: 2 }),
      ];
      const sequence = indexes.flatMap((index, i) => {
        const one = said[index];
        return one ? [{ ...one, afterMs: pauses[i] ?? 0 }] : [];
      });
      const after = playAnswers(startOf({ ...payment, status: "PENDING", version: 2 }, attempts), sequence);
      expect(after.payment).toMatchObject({ status: "SUCCEEDED", version: 3, reviewReasons: [] });
      expect(after.attempts[1]?.state).toBe("PAID");
      expect(after.charges.map(({ kind }) => kind)).toEqual(["SETTLEMENT"]);
      expect(after.events).toHaveLength(1);
    },
  );
});
