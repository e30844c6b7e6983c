import { ruleOnCallback } from "../domain/callback.ts";
import type { PaymentGateways } from "./payment-gateway.ts";
import type { CallbackStore, UnmatchedCallback } from "./ports.ts";
import type { Sweep } from "./sweep.ts";

const AT_ONCE = 50;

/**
 * Weighs callbacks again that named nothing we knew when they came, once the attempt they name is there: a database
 * that was restored, or a replica that lagged. After ten minutes they are left to a person.
 */
export function sweepUnmatched(ports: {
  callbacks: CallbackStore;
  gateways: PaymentGateways;
  wakeInquiries: () => void;
}): Sweep {
  return async () => {
    const found = await ports.callbacks.unmatched(AT_ONCE);
    for (const callback of found) await rematch(ports, callback);
    if (found.length > 0) ports.wakeInquiries();
    return found.length === AT_ONCE;
  };
}

async function rematch(
  { callbacks, gateways }: Parameters<typeof sweepUnmatched>[0],
  callback: UnmatchedCallback,
): Promise<void> {
  const { claim, channel, reference } = callback;
  const target = claim.merchantRef === null ? null : await callbacks.targetByMerchantRef(claim.merchantRef);
  if (!target) return;
  const subject = { ...target, accountRef: gateways.of(target.attempt.account).accountRef };
  await callbacks.rematch(callback, ruleOnCallback(claim, channel, reference, subject), target);
}
