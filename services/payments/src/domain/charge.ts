import type { Instant } from "@oi/kernel/instant";
import type { Money } from "@oi/kernel/money";
import type { AccountId, PaidEvidence, PaymentMethod } from "./gateway.ts";

/**
 * SETTLEMENT paid the payment; LATE came after it was closed; EXTRA came after it was paid; MISMATCH differs from what
 * was asked, and an operator confirmed it.
 */
export type ChargeKind = "SETTLEMENT" | "LATE" | "EXTRA" | "MISMATCH";

/** One charge at the gateway, recorded exactly once by (account, gateway's id). */
export type Charge = {
  readonly kind: ChargeKind;
  readonly account: AccountId;
  readonly gatewayRef: string;
  readonly gatewayTxnId: string;
  readonly charged: Money;
  /** The charge in the account's settlement currency, before the fee. */
  readonly gross: Money;
  /** What the gateway expects to credit after its fee; the settlement decides. */
  readonly settled: Money | null;
  readonly method: PaymentMethod;
  readonly validated: boolean;
  readonly recordedAt: Instant;
};

/** A charge with its id, which is that of the late receipt where it is one, and the attempt it came through. */
export type RecordedCharge = Charge & { readonly id: number; readonly attemptId: number };

export function chargeOf(kind: ChargeKind, evidence: PaidEvidence, account: AccountId, now: Instant): Charge {
  const { gatewayRef, gatewayTxnId, charged, gross, settled, method, validated } = evidence;
  return {
    kind,
    account,
    gatewayRef,
    gatewayTxnId,
    charged,
    gross,
    settled,
    method,
    validated,
    recordedAt: now,
  };
}
