import {
  type CallbackEvidence,
  type CallbackStore,
  type CallbackTarget,
  UNMATCHED_LIMIT_MS,
} from "../../application/ports.ts";
import type { Attempt } from "../../domain/attempt.ts";
import {
  type CallbackRuling,
  chargeToAskAbout,
  isToBeWeighed,
  UNSIGNED_PACE_MS,
} from "../../domain/callback.ts";
import type { Claim } from "../../domain/gateway.ts";
import { attemptsOf, keyOf, knownCharges, type MemoryBook } from "./memory-book.ts";

/** Callbacks as evidence in memory. */
export function memoryCallbackStore(book: MemoryBook): CallbackStore {
  const target = (paymentId: number, attempt: Attempt | undefined): CallbackTarget | null => {
    const payment = book.payments.get(paymentId);
    return payment && attempt ? { payment, attempt, knownCharges: knownCharges(book, paymentId) } : null;
  };
  return {
    targetByMerchantRef: async (merchantRef) => {
      const stored = [...book.attempts.values()].find(({ attempt }) => attempt.merchantRef === merchantRef);
      return stored ? target(stored.paymentId, stored.attempt) : null;
    },
    targetByReference: async (reference) => {
      const payment = [...book.payments.values()].find((one) => one.reference === reference);
      return payment ? target(payment.id, attemptsOf(book, payment.id).at(-1)) : null;
    },
    unmatched: async (limit) =>
      book.callbacks
        .map((callback, id) => ({ ...callback, id }))
        .filter(({ outcome, at }) => outcome === "UNMATCHED" && at > book.clock.now() - UNMATCHED_LIMIT_MS)
        .filter(({ claim }) =>
          [...book.attempts.values()].some(({ attempt }) => attempt.merchantRef === claim.merchantRef),
        )
        .slice(0, limit)
        .map(({ id, channel, reference, claim }) => ({ id, channel, reference, claim })),
    rematch: async ({ id }, { outcome, claimDiffers, ask }, found) => {
      const stored = book.callbacks[id];
      if (stored?.outcome !== "UNMATCHED") return;
      const { payment, attempt } = found;
      book.callbacks[id] = { ...stored, outcome, claimDiffers, paymentId: payment.id, attemptId: attempt.id };
      if (ask) wake(book, found, stored.claim);
    },
    record: async (evidence, ruling, found) => record(book, evidence, ruling, found),
  };
}

function record(
  book: MemoryBook,
  evidence: CallbackEvidence,
  ruling: CallbackRuling,
  target: CallbackTarget | null,
): boolean {
  const identity = `${evidence.gateway} ${evidence.channel} ${keyOf(evidence.digest)}`;
  const original = book.callbacks.find((callback) => callback.identity === identity);
  const at = book.clock.now();
  if (original) {
    book.callbacks.push({ ...original, at, outcome: "DUPLICATE" });
    return false;
  }
  const { claim, channel, reference } = evidence;
  const { outcome, claimDiffers, note } = ruling;
  const paymentId = target?.payment.id ?? null;
  const attemptId = target?.attempt.id ?? null;
  book.callbacks.push({
    paymentId,
    attemptId,
    identity,
    claim,
    claimDiffers,
    note,
    at,
    outcome,
    channel,
    reference,
  });
  if (ruling.ask && target) wake(book, target, claim);
  return true;
}

function wake(book: MemoryBook, { payment, attempt }: CallbackTarget, claim: Claim): void {
  const stored = book.attempts.get(attempt.id);
  const known = book.payments.get(payment.id);
  if (!stored || !known) return;
  if (isToBeWeighed(claim)) book.payments.set(known.id, { ...known, revision: known.revision + 1 });
  const asked = book.inquiries.filter(({ paymentId }) => paymentId === payment.id);
  const paced = claim.signature === "absent" ? asked.map(({ askedAt }) => askedAt + UNSIGNED_PACE_MS) : [];
  const soonest = Math.max(book.clock.now(), ...paced);
  const hint = chargeToAskAbout(claim) ?? stored.attempt.hint;
  const nextInquiryAt = Math.min(stored.attempt.nextInquiryAt ?? soonest, soonest);
  book.attempts.set(attempt.id, { ...stored, attempt: { ...stored.attempt, hint, nextInquiryAt } });
}
