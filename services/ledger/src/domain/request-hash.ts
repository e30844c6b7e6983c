import { canonicalWriter, type Sha256 } from "./canonical-bytes.ts";
import type { Fact } from "./fact.ts";
import { TRANSACTION_KINDS } from "./transaction-kind.ts";

const VERSION = "oi.ledger.request.v1";

/** Tells whether a repeated business key brings the same fact. Every field that the money depends on is inside. */
export function requestHash(fact: Fact, sha256: Sha256): Uint8Array {
  const { amount, settlement } = fact;
  const writer = canonicalWriter()
    .text(VERSION)
    .u16(TRANSACTION_KINDS[fact.kind])
    .text(String(fact.paymentId));
  if (fact.kind === "LATE") writer.text(String(fact.receiptId));
  writer
    .i64(amount.amountMinor)
    .text(amount.currency)
    .text(fact.gateway)
    .text(settlement.currency)
    .i64(settlement.grossMinor)
    .i64(settlement.storeMinor ?? -1n);
  return sha256(writer.bytes());
}
