import type { Checkouts, GatewayCallback, Trace } from "./ports.ts";
import { requireReference } from "./read-checkout.ts";

/**
 * Hands a browser's return to payments, which asks the gateway about it. Raises RESOURCE_NOT_FOUND for unknown and
 * malformed references alike, SERVICE_UNAVAILABLE, DEADLINE_EXCEEDED.
 */
export async function recordReturn(
  { checkouts }: { readonly checkouts: Checkouts },
  callback: GatewayCallback,
  trace: Trace,
): Promise<void> {
  requireReference(callback.reference);
  await checkouts.recordCallback(callback, trace);
}
