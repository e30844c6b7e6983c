import type { Scope } from "@oi/kernel/scope";
import type { LedgerTransaction } from "../domain/ledger-entry.ts";
import type { Timeline } from "../domain/timeline.ts";
import type { WebhookAttempt, WebhookDelivery } from "../domain/webhook-entries.ts";
import type { Trace } from "./ports.ts";

/** What payments knows to have happened to a payment. */
export interface PaymentHistory {
  /** At most 500 entries, oldest first. Raises RESOURCE_NOT_FOUND, SERVICE_UNAVAILABLE, DEADLINE_EXCEEDED. */
  ofPayment(scope: Scope, paymentId: number, trace: Trace): Promise<Timeline>;
}

/** What the ledger posted for a payment. It answers within 800 ms or not at all. */
export interface LedgerRecord {
  /** At most 500 transactions, oldest first. Raises SERVICE_UNAVAILABLE, DEADLINE_EXCEEDED. */
  ofPayment(
    scope: Scope,
    paymentId: number,
    trace: Trace,
  ): Promise<{ readonly transactions: readonly LedgerTransaction[]; readonly isCut: boolean }>;
}

/** What webhooks sent about a payment. It answers within 800 ms or not at all. */
export interface WebhookLog {
  /** At most the newest 500 of each, oldest first. Raises SERVICE_UNAVAILABLE, DEADLINE_EXCEEDED. */
  ofPayment(
    scope: Scope,
    reference: string,
    trace: Trace,
  ): Promise<{
    readonly deliveries: readonly WebhookDelivery[];
    readonly attempts: readonly WebhookAttempt[];
    readonly isCut: boolean;
  }>;
}
