import { sameMoney } from "@oi/kernel/money";
import type { Attempt } from "./attempt.ts";
import type { CallbackChannel, Claim } from "./gateway.ts";
import { isOpen, type Payment } from "./payment.ts";

/** What became of a callback. It describes the callback, not the payment. */
export type CallbackOutcome =
  | "PENDING_VERIFICATION"
  | "APPLIED"
  | "DUPLICATE"
  | "FORGED"
  | "MISMATCH"
  | "UNMATCHED"
  | "STALE";

export type CallbackRuling = {
  readonly outcome: CallbackOutcome;
  readonly note: string | null;
  /** Whether the gateway is asked because of it. */
  readonly ask: boolean;
  /** A signed claim whose figures are not the payment's: flagged, once the gateway answered. */
  readonly claimDiffers: boolean;
};

export type CallbackSubject = {
  readonly payment: Payment;
  readonly attempt: Attempt;
  /** Charges of the payment that are recorded already, by the gateway's id. */
  readonly knownCharges: readonly string[];
  /** The name at the gateway of the account that the attempt was made with. */
  readonly accountRef: string;
};

/** Anybody can write an unsigned claim, so together they have the gateway asked this often about one payment. */
export const UNSIGNED_PACE_MS = 5_000;

const ruling = (outcome: CallbackOutcome, note: string | null = null): CallbackRuling => ({
  outcome,
  note,
  ask: outcome === "PENDING_VERIFICATION",
  claimDiffers: false,
});

/** Decides what a claim is worth before anybody asks the gateway. A claim never moves a payment by itself. */
export function ruleOnCallback(
  claim: Claim,
  channel: CallbackChannel,
  pathReference: string | null,
  subject: CallbackSubject | null,
): CallbackRuling {
  if (!subject) return ruling("UNMATCHED", claim.note);
  const { payment, attempt } = subject;
  if (claim.signature === "invalid") return ruling("FORGED", claim.note ?? "SIGNATURE_INVALID");
  if (claim.signature === "absent" && channel === "notification" && claim.says === "paid") {
    return ruling("FORGED", "UNSIGNED_SUCCESS");
  }
  if (claim.signature === "absent" && pathReference !== null && pathReference !== payment.reference) {
    return ruling("FORGED", "FOREIGN_REFERENCE");
  }
  const claimDiffers = differs(claim, subject);
  const known = claim.gatewayRef !== null && subject.knownCharges.includes(claim.gatewayRef);
  if (known && claim.says === "paid" && !claimDiffers) return ruling("DUPLICATE", claim.note);
  if (!isOpen(payment) && claim.says !== "paid") return ruling("STALE", claim.note);
  if (attempt.state === "PAID" && claim.gatewayRef === null) return ruling("STALE", claim.note);
  return { ...ruling("PENDING_VERIFICATION", claim.note), claimDiffers };
}

/** Only a signed claim of payment can differ: anybody can write any figure into an unsigned one. */
function differs(
  { says, signature, money, accountRef }: Claim,
  { payment, accountRef: ownAccount }: CallbackSubject,
): boolean {
  const signed = signature === "valid" || signature === "weak";
  if (!signed || says !== "paid") return false;
  const otherMoney = money !== null && !sameMoney(money, payment.amount);
  return otherMoney || (accountRef !== null && accountRef !== ownAccount);
}
