import type { Mode } from "@oi/kernel/scope";
import type {
  AccountId,
  AttemptRef,
  Claim,
  GatewayCapabilities,
  GatewayKind,
  PaymentVerdict,
  RawCallback,
  RefundOrder,
  RefundOutcome,
  RefundRef,
  SessionOrder,
  SessionOutcome,
} from "../domain/gateway.ts";

/** One account at one gateway. No method throws because of the gateway: trouble is an outcome. */
export interface PaymentGateway {
  readonly capabilities: GatewayCapabilities;
  /** The account's name at the gateway (the store id); a verdict that names another account is a mismatch. */
  readonly accountRef: string;
  /** Where the customer's browser may be sent; the checkout page's `form-action` names these origins. */
  readonly redirectOrigins: readonly string[];
  openSession(order: SessionOrder, signal: AbortSignal): Promise<SessionOutcome>;
  /** Pure: parses and checks the signature of a browser return or a notification. Never throws. */
  readCallback(callback: RawCallback): Claim;
  /** Settles a claim. May take money (capability), so one at a time per attempt, and `inquire` before repeating. */
  confirm(attempt: AttemptRef, gatewayRef: string, signal: AbortSignal): Promise<PaymentVerdict>;
  /** By our own reference; works when no callback ever arrived. Repeatable. */
  inquire(attempt: AttemptRef, signal: AbortSignal): Promise<PaymentVerdict>;
  /** Never repeated by the adapter. `unknown` with `sent: true` must not be repeated by the caller either. */
  refund(order: RefundOrder, signal: AbortSignal): Promise<RefundOutcome>;
  inquireRefund(ref: RefundRef, signal: AbortSignal): Promise<RefundOutcome>;
  probe(signal: AbortSignal): Promise<{ readonly healthy: boolean; readonly note: string }>;
}

/** Chooses the account for a payment and finds it again for a callback or a sweep. */
export interface PaymentGateways {
  /** Raises GATEWAY_UNAVAILABLE when the mode has no account configured. */
  choose(applicationId: number, mode: Mode): AccountId;
  /**
   * Raises GATEWAY_UNAVAILABLE when the account is not configured (any more). A `sweep` gets at most half of the
   * account's call rate, so that it cannot starve customers.
   */
  of(account: AccountId, use?: "customer" | "sweep"): PaymentGateway;
  /** The account that goes by this name at its gateway; null for a name that is none of ours. */
  named(accountRef: string): PaymentGateway | null;
  /** Where a checkout of this mode may redirect to; empty when the mode has no account. */
  redirectOrigins(mode: Mode): readonly string[];
  /** Reads the references of a raw callback without any credential, so that attempt and account can be found. */
  identify(
    kind: GatewayKind,
    callback: RawCallback,
  ): { readonly merchantRef: string | null; readonly accountRef: string | null };
}
