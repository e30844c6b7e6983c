import type { Mode } from "@oi/kernel/scope";
import type { AccountId, GatewayCapabilities } from "../../domain/gateway.ts";
import { PROBE_EVERY_MS } from "./breaker.ts";

/** Milliseconds per operation, body included. `read` covers validation, transaction query and refund status. */
type Deadlines = { readonly session: number; readonly read: number; readonly refund: number };

/** Sent where a payment names no customer: SSLCOMMERZ refuses a session without these fields. */
type FallbackCustomer = {
  readonly name: string;
  readonly email: string;
  readonly phone: string;
  readonly address: string;
  readonly city: string;
  readonly country: string;
  readonly postcode: string;
};

/** One store at SSLCOMMERZ, as the configuration names it. */
export type SslcommerzAccount = {
  readonly id: AccountId;
  readonly mode: Mode;
  readonly baseUrl: string;
  readonly storeId: string;
  readonly storePassword: string;
  /** Origins a session's page may have; the origin of `baseUrl` when absent. */
  readonly allowedRedirectOrigins?: readonly string[] | undefined;
  readonly callsPerSecond?: number | undefined;
  readonly deadlines?: Partial<Deadlines> | undefined;
  /** How often one call is let through while the gateway does not answer; 10 s when absent. */
  readonly probeEveryMs?: number | undefined;
  readonly fallbackCustomer?: Partial<FallbackCustomer> | undefined;
  /**
   * Reads a refund that was refused at the door, without a `refund_ref_id`, as a definite no. Off until the real
   * gateway has shown that such a refund is never executed.
   */
  readonly refusedRefundIsFinal?: boolean | undefined;
};

/** An account with every default filled in. */
export type Account = {
  readonly [Key in keyof SslcommerzAccount]-?: Exclude<SslcommerzAccount[Key], undefined>;
} & {
  readonly deadlines: Deadlines;
  readonly fallbackCustomer: FallbackCustomer;
};

const DEFAULT_DEADLINES: Deadlines = { session: 20_000, read: 10_000, refund: 30_000 };

/** `example.com` is reserved (RFC 2606) and no Bangladeshi operator has the prefix 010: nobody is written to. */
const DEFAULT_CUSTOMER: FallbackCustomer = {
  name: "Customer",
  email: "customer@example.com",
  phone: "01000000000",
  address: "Not provided",
  city: "Dhaka",
  country: "Bangladesh",
  postcode: "1000",
};

export function resolveAccount(account: SslcommerzAccount): Account {
  const baseUrl = account.baseUrl.replace(/\/+$/, "");
  return {
    ...account,
    baseUrl,
    allowedRedirectOrigins: account.allowedRedirectOrigins ?? [new URL(baseUrl).origin],
    callsPerSecond: account.callsPerSecond ?? 10,
    deadlines: { ...DEFAULT_DEADLINES, ...account.deadlines },
    probeEveryMs: account.probeEveryMs ?? PROBE_EVERY_MS,
    fallbackCustomer: { ...DEFAULT_CUSTOMER, ...account.fallbackCustomer },
    refusedRefundIsFinal: account.refusedRefundIsFinal ?? false,
  };
}

/** The largest amount that fits their `decimal(10,2)`. Their limits in other currencies are not published. */
const DECIMAL_10_2 = { minMinor: 1n, maxMinor: 99_999_999_99n };

/** https://developer.sslcommerz.com/doc/v4/: currencies, the limits in taka and the length of `tran_id`. */
export const CAPABILITIES: GatewayCapabilities = {
  kind: "SSLCOMMERZ",
  confirmTakesMoney: false,
  inquireByMerchantRef: true,
  merchantRefMaxLength: 30,
  refundReplaySafe: false,
  currencies: {
    BDT: { minMinor: 10_00n, maxMinor: 500_000_00n },
    USD: DECIMAL_10_2,
    EUR: DECIMAL_10_2,
    SGD: DECIMAL_10_2,
    INR: DECIMAL_10_2,
    MYR: DECIMAL_10_2,
  },
};
