import { fc, test } from "@fast-check/vitest";
import { expect } from "vitest";
import { MINUTE_MS, type PaymentDesk, paymentDesk } from "../testing/payment-desk.ts";

const HOUR_MS = 60 * MINUTE_MS;

/** What truly happened at the gateway, once and for all. */
const truths = fc.record({
  ending: fc.constantFrom("paid", "paid_twice", "failed", "cancelled", "untouched"),
});

/** Callbacks that may arrive about it, in any order, at any time, any number of times, by anybody. */
const callbacks = fc.array(
  fc.record({
    token: fc.constantFrom("valid", "weak", "guessed", null),
    says: fc.constantFrom("paid", "failed", "cancelled", "expired", "pending", "nonsense"),
    channel: fc.constantFrom("return" as const, "notification" as const),
    names: fc.constantFrom("charge", "nothing", "invented"),
    afterMs: fc.constantFrom(0, 1_000, 20_000, 10 * MINUTE_MS, 45 * MINUTE_MS),
    copies: fc.integer({ min: 1, max: 2 }),
  }),
  { maxLength: 6 },
);

type History = typeof callbacks extends fc.Arbitrary<infer T> ? T : never;

function happen(desk: PaymentDesk, merchantRef: string, ending: string): readonly string[] {
  if (ending === "paid" || ending === "paid_twice") {
    const times = ending === "paid" ? [1] : [1, 2];
    return times.map(() => desk.gateway.pay(merchantRef).gatewayRef);
  }
  if (ending === "failed") desk.gateway.fail(merchantRef);
  else if (ending === "cancelled") desk.gateway.cancel(merchantRef);
  else desk.gateway.setPending(merchantRef, "unattempted");
  return [];
}

/** Everything about a payment that a merchant, a customer or a bookkeeper can see at the end. */
async function endOf(ending: string, history: History) {
  const desk = await paymentDesk();
  const { reference, merchantRef } = await desk.atGateway();
  const charges = happen(desk, merchantRef, ending);
  for (const [i, { token, says, channel, names, afterMs, copies }] of history.entries()) {
    await desk.wait(afterMs);
    const gatewayRef = { charge: charges[0], nothing: undefined, invented: `val_invented_${i}` }[names];
    const set = { says, n: String(i), ...(gatewayRef === undefined ? {} : { gatewayRef }) };
    const callback = desk.gateway.callback(merchantRef, { channel, token, set });
    for (let copy = 0; copy < copies; copy++) {
      await desk.callback(callback, channel === "return" ? reference : null);
      if (copy === 0) await desk.sweep();
    }
  }
  await desk.wait(6 * HOUR_MS);
  const { payment, knownCharges } = await desk.file(reference);
  // Which of two charges settles is the one that is heard of first; that the other one goes back is what counts.
  const refunds = desk.gateway.refunds.size;
  const events = [...(await desk.events(reference))].sort();
  const outcomes = await desk.outcomes(reference);
  return {
    status: payment.status,
    version: payment.version,
    charges: [...knownCharges].sort(),
    refunds,
    events,
    outcomes,
  };
}

test.prop([truths, callbacks], { numRuns: 150 })(
  "any history of callbacks ends where the gateway's truth alone ends, with one effect per charge",
  async ({ ending }, history) => {
    const { outcomes: _, ...alone } = await endOf(ending, []);
    const { outcomes, ...told } = await endOf(ending, history);
    expect(told).toEqual(alone);
    expect(told.charges).toHaveLength({ paid: 1, paid_twice: 2 }[ending as "paid"] ?? 0);
    expect(told.refunds).toBe(ending === "paid_twice" ? 1 : 0);
    expect(outcomes).toHaveLength(history.reduce((sum, { copies }) => sum + copies, 0));
  },
  60_000,
);
