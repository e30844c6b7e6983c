import { DomainError, invalid } from "@oi/kernel/errors";
import type { Money } from "@oi/kernel/money";
import type { RecordedCharge } from "./charge.ts";
import { isPaid, type Payment } from "./payment.ts";

/** What a refund of a payment is measured against. */
export type RefundBasis = {
  readonly payment: Payment;
  readonly charges: readonly RecordedCharge[];
  /** Held by refunds of the payment's own money that did not end without effect. */
  readonly reservedMinor: bigint;
  /** The same in the currency that the gateway settles in. */
  readonly reservedGrossMinor: bigint;
  /** Charges of money that is not the payment's which a refund returns or has returned, by id. */
  readonly returnedCharges: readonly number[];
  readonly approvalThresholdMinor: bigint | null;
};

export type RefundShare = { readonly charge: RecordedCharge; readonly gatewayAmount: Money };

/**
 * A part of what the payment earned. Raises VALIDATION_ERROR for nothing or less, INVALID_OPERATION_STATE when the
 * payment is not paid, or not so much is left.
 */
export function shareOfPayment(basis: RefundBasis, amountMinor: bigint): RefundShare {
  if (amountMinor <= 0n) throw invalid({ amountMinor: "must be at least 1" });
  const { payment, charges, reservedMinor } = basis;
  const charge = charges.find(({ kind }) => kind === "SETTLEMENT");
  if (!isPaid(payment) || !charge) {
    throw new DomainError("INVALID_OPERATION_STATE", "Only a payment that succeeded can be refunded.", {
      metadata: { status: payment.status },
    });
  }
  const refundableMinor = payment.amount.amountMinor - reservedMinor;
  if (amountMinor > refundableMinor) {
    const message = `At most ${refundableMinor} of this payment can be refunded.`;
    const metadata = { status: payment.status, refundableMinor: refundableMinor.toString() };
    throw new DomainError("INVALID_OPERATION_STATE", message, { metadata });
  }
  const { currency } = charge.gross;
  return { charge, gatewayAmount: { amountMinor: grossPart(basis, charge, amountMinor), currency } };
}

/** In proportion to the gross amount, half up; the refund that takes the rest takes all of the gross amount's rest. */
function grossPart(
  { payment, reservedMinor, reservedGrossMinor }: RefundBasis,
  { gross, charged }: RecordedCharge,
  amountMinor: bigint,
): bigint {
  if (gross.currency === charged.currency) return amountMinor;
  const left = gross.amountMinor - reservedGrossMinor;
  const paid = payment.amount.amountMinor;
  if (reservedMinor + amountMinor === paid) return left;
  const part = (2n * gross.amountMinor * amountMinor + paid) / (2n * paid);
  return part < left ? part : left;
}

/** The whole of a late, extra or differing charge. Raises VALIDATION_ERROR, INVALID_OPERATION_STATE when it went back already. */
export function wholeReceipt(basis: RefundBasis, receiptId: number, amountMinor: bigint): RefundShare {
  const charge = basis.charges.find(({ id, kind }) => id === receiptId && kind !== "SETTLEMENT");
  if (!charge) throw invalid({ receiptId: "names no late or differing money of this payment" });
  if (amountMinor !== charge.charged.amountMinor) {
    throw invalid({ amountMinor: `must be ${charge.charged.amountMinor}: a late receipt goes back whole` });
  }
  if (basis.returnedCharges.includes(receiptId)) {
    throw new DomainError("INVALID_OPERATION_STATE", "This receipt is refunded already, or about to be.");
  }
  return { charge, gatewayAmount: charge.gross };
}
