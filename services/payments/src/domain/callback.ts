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

const isSigned = ({ signature }: Claim): boolean => signature === "valid" || signature === "weak";

/**
 * The charge that a claim has us ask about. Anybody can write one into an unsigned claim, somebody else's too, so for
 * that the gateway is asked by our own reference.
 */
export function chargeToAskAbout(claim: Claim): string | null {
  return isSigned(claim) ? claim.gatewayRef : null;
}

/**
 * Whether a commit that loaded before the claim came has to load again: it brings a charge to ask about, or figures to
 * weigh. Unsigned ones do not, or whoever knows the reference could hold every commit up by writing many.
 */
export function isToBeWeighed(claim: Claim): boolean {
  return isSigned(claim) && (claim.says === "paid" || claim.gatewayRef !== null);
}

/** Only a signed claim of payment can differ: anybody can write any figure into an unsigned one. */
function differs(claim: Claim, { payment, accountRef: ownAccount }: CallbackSubject): boolean {
  const { says, money, accountRef } = claim;
  if (!isSigned(claim) || says !== "paid") return false;
  const otherMoney = money !== null && !sameMoney(money, payment.amount);
  return otherMoney || (accountRef !== null && accountRef !== ownAccount);
}
