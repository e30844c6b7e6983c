import { notFound } from "@oi/kernel/errors";
import { PAYMENT_REFERENCE_PATTERN } from "@oi/kernel/id";
import type { PaymentFile, PaymentStore } from "./ports.ts";

/** Loads what a decision needs. Raises RESOURCE_NOT_FOUND, the same for a malformed reference. */
export async function loadFile(payments: PaymentStore, reference: string): Promise<PaymentFile> {
  const file = PAYMENT_REFERENCE_PATTERN.test(reference) ? await payments.fileByReference(reference) : null;
  if (!file) throw notFound("Payment");
  return file;
}
