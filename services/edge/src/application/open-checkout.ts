import { DomainError } from "@oi/kernel/errors";
import type { Instant } from "@oi/kernel/instant";
import { isOpen, isTimeOver } from "../domain/checkout.ts";
import type { Checkouts, Trace } from "./ports.ts";
import { requireReference } from "./read-checkout.ts";

/** Where to send a customer who wants to pay: to the gateway, or back to the page when the payment, or its time, is over. */
export type Opening = { readonly to: "gateway"; readonly url: string } | { readonly to: "page" };

/**
 * Opens the gateway's session. Raises RESOURCE_NOT_FOUND, INVALID_OPERATION_STATE (still open, but the gateway would
 * not take it), GATEWAY_UNAVAILABLE, SERVICE_UNAVAILABLE, DEADLINE_EXCEEDED.
 */
export async function openCheckout(
  { checkouts }: { readonly checkouts: Checkouts },
  reference: string,
  trace: Trace,
  now: Instant,
): Promise<Opening> {
  requireReference(reference);
  try {
    return { to: "gateway", url: await checkouts.open(reference, trace) };
  } catch (error) {
    const refused = error instanceof DomainError && error.reason === "INVALID_OPERATION_STATE";
    if (!refused) throw error;
    const checkout = await checkouts.byReference(reference, trace);
    if (!isOpen(checkout.status) || isTimeOver(checkout, now)) return { to: "page" };
    throw error;
  }
}
