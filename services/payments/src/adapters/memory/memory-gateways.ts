import { DomainError } from "@oi/kernel/errors";
import type { Mode } from "@oi/kernel/scope";
import type { PaymentGateway, PaymentGateways } from "../../application/payment-gateway.ts";
import { readForm } from "./memory-gateway.ts";

/** One memory gateway per mode; a mode that is left out has no account. */
export function memoryGateways(gateways: Partial<Record<Mode, PaymentGateway>>): PaymentGateways {
  const accounts = new Map(
    Object.entries(gateways).map(([mode, gateway]) => [`memory-${mode.toLowerCase()}`, gateway]),
  );
  const find = (account: string): PaymentGateway => {
    const gateway = accounts.get(account);
    if (gateway === undefined) throw new DomainError("GATEWAY_UNAVAILABLE", `No payment gateway ${account}.`);
    return gateway;
  };
  return {
    choose(_applicationId, mode) {
      const account = `memory-${mode.toLowerCase()}`;
      find(account);
      return account;
    },
    of: find,
    named: (accountRef) => [...accounts.values()].find((one) => one.accountRef === accountRef) ?? null,
    redirectOrigins: (mode) => gateways[mode]?.redirectOrigins ?? [],
    identify(_kind, callback) {
      const form = readForm(callback);
      return { merchantRef: form.get("ref"), accountRef: form.get("account") };
    },
  };
}
