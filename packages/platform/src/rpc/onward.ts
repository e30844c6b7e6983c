import type { CallOptions, HandlerContext } from "@connectrpc/connect";

/** What the way back takes: whoever waits for us still gets our answer, not the end of its own time. */
const WAY_BACK_MS = 20;

/**
 * The options of a call that a handler makes on behalf of its own: the time that is left less the way back, its signal
 * and its request id.
 */
export function onward(context: HandlerContext): CallOptions {
  const remainingMs = context.timeoutMs();
  const requestId = context.requestHeader.get("x-request-id");
  return {
    signal: context.signal,
    ...(remainingMs === undefined ? {} : { timeoutMs: Math.max(1, remainingMs - WAY_BACK_MS) }),
    ...(requestId === null ? {} : { headers: { "x-request-id": requestId } }),
  };
}
