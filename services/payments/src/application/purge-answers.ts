import type { PaymentStore } from "./ports.ts";
import type { Sweep } from "./sweep.ts";

/** Few enough that no request waits for them. */
const AT_ONCE = 1_000;

/** Forgets answers to idempotency keys that are older than their retention; such a key is a new request again. */
export function sweepAnswers({
  payments,
  retentionMs,
}: {
  payments: PaymentStore;
  retentionMs: number;
}): Sweep {
  return async () => (await payments.purgeAnswers(retentionMs, AT_ONCE)) === AT_ONCE;
}
