import type { PaymentGateway } from "../../application/payment-gateway.ts";
import type { AccountId } from "../../domain/gateway.ts";

/** Whether an account can be used, as it turned out at the start. `note` is what the gateway said, or why it did not. */
export type AccountCheck = { readonly account: AccountId; readonly healthy: boolean; readonly note: string };

/**
 * Asks each account once for a reference that nobody holds, which shows swapped environments and wrong credentials
 * before a customer does. It says so and stops nothing: the account may be well in a minute.
 */
export function checkAccounts(
  accounts: ReadonlyMap<AccountId, PaymentGateway>,
  report: (check: AccountCheck) => void,
): AsyncDisposable {
  const stop = new AbortController();
  const checks = [...accounts].map(async ([account, gateway]) => {
    const { healthy, note } = await gateway.probe(stop.signal);
    if (!stop.signal.aborted) report({ account, healthy, note });
  });
  return {
    async [Symbol.asyncDispose]() {
      stop.abort();
      await Promise.all(checks);
    },
  };
}
