import { DomainError } from "@oi/kernel/errors";
import type { Checkouts, GatewayCallback, Trace } from "./ports.ts";
import { requireReference } from "./read-checkout.ts";

/**
 * Hands a browser's return to payments. The customer goes to the checkout page whatever happened to the evidence, since
 * the gateway is asked again later anyway; so the trouble is returned and not raised. Raises RESOURCE_NOT_FOUND.
 */
export async function recordReturn(
  { checkouts }: { readonly checkouts: Checkouts },
  callback: GatewayCallback,
  trace: Trace,
): Promise<{ readonly trouble: unknown }> {
  requireReference(callback.reference);
  try {
    await checkouts.recordCallback(callback, trace);
    return { trouble: null };
  } catch (error) {
    if (error instanceof DomainError && error.reason === "RESOURCE_NOT_FOUND") throw error;
    return { trouble: error };
  }
}
