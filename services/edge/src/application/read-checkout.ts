import { notFound } from "@oi/kernel/errors";
import { PAYMENT_REFERENCE_PATTERN } from "@oi/kernel/id";
import type { Checkout } from "../domain/checkout.ts";
import type { Checkouts, Trace } from "./ports.ts";

/** What cannot be a reference names no payment; it is answered like an unknown one, without asking anybody. */
export function requireReference(reference: string): void {
  if (!PAYMENT_REFERENCE_PATTERN.test(reference)) throw notFound("Payment");
}

/** Raises RESOURCE_NOT_FOUND for unknown and malformed references alike, SERVICE_UNAVAILABLE, DEADLINE_EXCEEDED. */
export async function readCheckout(
  { checkouts }: { readonly checkouts: Checkouts },
  reference: string,
  trace: Trace,
): Promise<Checkout> {
  requireReference(reference);
  return await checkouts.byReference(reference, trace);
}
