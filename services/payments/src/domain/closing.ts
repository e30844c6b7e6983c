import type { Instant } from "@oi/kernel/instant";
import { type Attempt, canStillBePaid, isClosed } from "./attempt.ts";
import type { Case, Judgement } from "./judgement.ts";
import { close, hasMismatch, isOpen, type Payment, type Step } from "./payment.ts";

/** Closes the payment when no attempt can be paid any more; before our own expiry an expired session may be renewed. */
export function closeIfNothingIsLeft(judgement: Judgement, { attempts }: Case, now: Instant): Judgement {
  const { payment, attempt } = judgement;
  if (!isOpen(payment)) return judgement;
  const others = attempts.filter((other) => other.no !== attempt.no);
  if (others.some(canStillBePaid)) return judgement;
  const expired = now >= payment.expiresAt;
  if (attempt.state === "FAILED" || attempt.state === "CANCELLED") {
    return {
      ...judgement,
      ...close(payment, attempt.state, attempt.reason, `gateway.${attempt.state.toLowerCase()}`, now),
    };
  }
  if (!expired || !others.every(isClosed) || hasMismatch(payment)) return judgement;
  return { ...judgement, ...close(payment, "EXPIRED", null, "gateway.expired", now) };
}

/**
 * Expires a payment whose time is over and that never had a session. Null when there is one: then the gateway is
 * asked first, always.
 */
export function expireUnopened(
  payment: Payment,
  attempts: readonly Attempt[],
  now: Instant,
): { payment: Payment; steps: Step[] } | null {
  const hadSession = attempts.some(({ state }) => state !== "REJECTED");
  if (!isOpen(payment) || now < payment.expiresAt || hadSession || hasMismatch(payment)) return null;
  return close(payment, "EXPIRED", null, "time.over", now);
}
