import type { CallOptions } from "@connectrpc/connect";
import type { Trace } from "../../application/ports.ts";

/** Deadlines by what the other side may have to wait for: a database, a gateway's answer, a gateway's session. */
export const DEADLINE_MS = {
  store: 3_000,
  recordCallback: 6_000,
  openCheckout: 25_000,
  /** For a part that an answer can do without. */
  optionalPart: 800,
} as const;

export function callOptions({ requestId }: Trace, timeoutMs: number): CallOptions {
  return { timeoutMs, headers: { "x-request-id": requestId } };
}
