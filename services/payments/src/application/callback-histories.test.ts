import { fc, test } from "@fast-check/vitest";
import { expect } from "vitest";
import { MINUTE_MS, type PaymentDesk, paymentDesk } from "../testing/payment-desk.ts";

const HOUR_MS = 60 * MINUTE_MS;

/** The payment's own time is half an hour; its last moments, and long after it, are when clocks and callbacks disagree. */
const EXPIRY_MS = 30 * MINUTE_MS;

/** What truly happened at the gateway, once and for all, and when. */
const truths = fc.record({
  ending: fc.constantFrom("paid", "paid_twice", "failed", "cancelled", "untouched"),
  atMs: fc.constantFrom(0, EXPIRY_MS - 1, EXPIRY_MS + 1, 50 * MINUTE_MS, 3 * HOUR_MS),
});
type Truth = typeof truths extends fc.Arbitrary<infer T> ? T : never;

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
async function endOf({ ending, atMs }: Truth, history: History) {
  const desk = await paymentDesk();
  const { reference, merchantRef } = await desk.atGateway();
  const start = desk.world.now();
  let charges: readonly string[] | null = null;
  /** Lets time pass up to a moment; what happens at the gateway on the way happens at its own. */
  const until = async (ms: number): Promise<void> => {
    if (charges === null && atMs <= ms) {
      await desk.wait(start + atMs - desk.world.now());
      charges = happen(desk, merchantRef, ending);
    }
    await desk.wait(start + ms - desk.world.now());
  };
  let nowMs = 0;
  for (const [i, { token, says, channel, names, afterMs, copies }] of history.entries()) {
    nowMs += afterMs;
    await until(nowMs);
    const gatewayRef = { charge: charges?.[0], nothing: undefined, invented: `val_invented_${i}` }[names];
    const set = { says, n: String(i), ...(gatewayRef === undefined ? {} : { gatewayRef }) };
    const callback = desk.gateway.callback(merchantRef, { channel, token, set });
    for (let copy = 0; copy < copies; copy++) {
      await desk.callback(callback, channel === "return" ? reference : null);
      if (copy === 0) await desk.sweep();
    }
  }
  await until(Math.max(nowMs, 4 * HOUR_MS) + 6 * HOUR_MS);
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
  async (truth, history) => {
    const { outcomes: _, ...alone } = await endOf(truth, []);
    const { outcomes, ...told } = await endOf(truth, history);
    expect(told).toEqual(alone);
    const { ending } = truth;
    const charges = { paid: 1, paid_twice: 2 }[ending as "paid"] ?? 0;
    expect(told.charges).toHaveLength(charges);
    // What does not settle the payment goes back: the second charge, and all that comes after the end.
    expect(told.refunds).toBe(told.status === "SUCCEEDED" ? charges - 1 : charges);
    expect(outcomes).toHaveLength(history.reduce((sum, { copies }) => sum + copies, 0));
  },
  60_000,
);
