import { unreachable } from "@oi/kernel/assert";
import { type CanonicalWriter, canonicalWriter, type Sha256 } from "./canonical-bytes.ts";
import { type Charge, type Fact, isRefund, type RefundFact } from "./fact.ts";
import { TRANSACTION_KINDS } from "./transaction-kind.ts";

const VERSION = "oi.ledger.request.v1";

/** Tells whether a repeated business key brings the same fact. Every field that the money depends on is inside. */
export function requestHash(fact: Fact, sha256: Sha256): Uint8Array {
  const writer = canonicalWriter().text(VERSION).u16(TRANSACTION_KINDS[fact.kind]);
  return sha256((isRefund(fact) ? writeRefund(writer, fact) : writeCharge(writer, fact)).bytes());
}

/** The same for a command, whose content was hashed when it was proposed. */
export function commandHash(
  kind: "ADJUST" | "REVERSE",
  adjustmentId: number,
  contentHash: Uint8Array,
  sha256: Sha256,
): Uint8Array {
  const writer = canonicalWriter().text(VERSION).u16(TRANSACTION_KINDS[kind]);
  return sha256(writer.text(String(adjustmentId)).raw(contentHash).bytes());
}

function writeCharge(writer: CanonicalWriter, fact: Charge): CanonicalWriter {
  const { amount, settlement } = fact;
  writer.text(String(fact.paymentId));
  switch (fact.kind) {
    case "CAPTURE":
      break;
    case "LATE":
      writer.text(String(fact.receiptId));
      break;
    case "MISMATCH":
      writer.text(String(fact.attemptId));
      break;
    default:
      unreachable(fact);
  }
  return writer
    .i64(amount.amountMinor)
    .text(amount.currency)
    .text(fact.gateway)
    .text(settlement.currency)
    .i64(settlement.grossMinor)
    .i64(settlement.storeMinor ?? -1n);
}

function writeRefund(writer: CanonicalWriter, fact: RefundFact): CanonicalWriter {
  const { amount, settlement, origin } = fact;
  return writer
    .text(String(fact.refundId))
    .text(String(fact.paymentId))
    .text(origin.type)
    .text(origin.type === "MERCHANT" ? null : origin.ref)
    .i64(amount.amountMinor)
    .text(amount.currency)
    .text(fact.gateway)
    .text(settlement.currency)
    .i64(settlement.grossMinor);
}
