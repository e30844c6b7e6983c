import { DomainError } from "@oi/kernel/errors";
import type { PaymentGateways } from "../../application/payment-gateway.ts";
import type { SslcommerzAccount } from "./account.ts";
import { identifySslcommerz } from "./claim.ts";
import { type AccountCheck, checkAccounts } from "./self-check.ts";
import { type SslcommerzDeps, sslcommerzClient } from "./sslcommerz-gateway.ts";

const unavailable = (message: string): DomainError => new DomainError("GATEWAY_UNAVAILABLE", message);

type GatewaysDeps = SslcommerzDeps & {
  readonly accounts: readonly SslcommerzAccount[];
  /** Told of each account whether it can be used; nobody is asked when this is absent. */
  readonly checked?: (check: AccountCheck) => void;
};

/** One store per mode. A mode without a store cannot open a checkout; everything else goes on. */
export function sslcommerzGateways({
  accounts,
  checked,
  ...deps
}: GatewaysDeps): PaymentGateways & AsyncDisposable {
  const clients = new Map(accounts.map((account) => [account.id, sslcommerzClient(account, deps)]));
  const customers = new Map([...clients].map(([id, { customer }]) => [id, customer]));
  const checks = checked && checkAccounts(customers, checked);
  return {
    choose(_applicationId, mode) {
      const account = accounts.find((candidate) => candidate.mode === mode);
      if (account === undefined) throw unavailable(`No payment gateway is configured for ${mode} payments.`);
      return account.id;
    },
    of(account, use = "customer") {
      const client = clients.get(account);
      if (client === undefined) throw unavailable("The payment gateway of this payment is not configured.");
      return client[use];
    },
    named: (accountRef) =>
      [...clients.values()].find(({ customer }) => customer.accountRef === accountRef)?.customer ?? null,
    redirectOrigins: (mode) =>
      accounts
        .filter((account) => account.mode === mode)
        .flatMap(({ id }) => clients.get(id)?.customer.redirectOrigins ?? []),
    identify: (_kind, callback) => identifySslcommerz(callback),
    async [Symbol.asyncDispose]() {
      await checks?.[Symbol.asyncDispose]();
      await Promise.all([...clients.values()].map((client) => client[Symbol.asyncDispose]()));
    },
  };
}
