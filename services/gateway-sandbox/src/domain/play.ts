import type { Channel } from "./channel.ts";
import type { Instant } from "./dhaka-time.ts";
import type { Step } from "./outcome.ts";
import { leaveSession, type PaymentTry, putTry, type Session } from "./session.ts";

/** Drawn before the step, because the domain draws nothing. */
export type StepReferences = { readonly valId: string; readonly bankTranId: string };

export type Played = { readonly session: Session; readonly told: PaymentTry | null };

const DECLINED = "Declined by the issuing bank";

/** What one step makes of a session, and the try that the merchant will be told of. */
export function playStep(
  session: Session,
  step: Step,
  channel: Channel,
  references: StepReferences,
  now: Instant,
): Played {
  if (step.status === "UNATTEMPTED") return { session: leaveSession(session), told: null };
  const pending = step.settles ? session.tries.findLast(({ status }) => status === "PENDING") : undefined;
  const told: PaymentTry = {
    number: pending?.number ?? session.tries.length + 1,
    status: step.status,
    channel: pending?.channel ?? channel,
    valId: step.status === "VALID" ? references.valId : "",
    bankTranId: pending?.bankTranId ?? references.bankTranId,
    at: now,
    risk: step.risk,
    error: step.status === "FAILED" ? DECLINED : "",
    validatedAt: null,
  };
  return { session: putTry(session, told), told };
}
