import type { Instant } from "@oi/kernel/instant";
import type { Scope } from "@oi/kernel/scope";
import { ledgerEntry } from "../domain/ledger-entry.ts";
import { mergeTimelines, type OptionalSource, type Timeline, unavailable } from "../domain/timeline.ts";
import { webhookEntries } from "../domain/webhook-entries.ts";
import type { Payments, Trace } from "./ports.ts";
import type { LedgerRecord, PaymentHistory, WebhookLog } from "./timeline-ports.ts";

export type TimelinePorts = {
  readonly payments: Pick<Payments, "byId">;
  readonly history: PaymentHistory;
  readonly ledger: LedgerRecord;
  readonly webhooks: WebhookLog;
  readonly clock: { now(): Instant };
};

/** A source that is missing from a timeline, and why. */
export type Silence = { readonly source: OptionalSource; readonly cause: unknown };

export type TimelineReading = { readonly timeline: Timeline; readonly silences: readonly Silence[] };

/**
 * Reads everything that is known to have happened to a payment. Payments has to answer; of the others each may be
 * silent, and one entry says so. Raises RESOURCE_NOT_FOUND, SERVICE_UNAVAILABLE, DEADLINE_EXCEEDED.
 */
export async function readTimeline(
  { payments, history, ledger, webhooks, clock }: TimelinePorts,
  scope: Scope,
  paymentId: number,
  trace: Trace,
): Promise<TimelineReading> {
  // Nobody else is asked about a payment that the caller does not have, and webhooks knows payments by reference.
  const { reference } = await payments.byId(scope, paymentId, trace);
  const [own, posted, sent] = await Promise.all([
    history.ofPayment(scope, paymentId, trace),
    heard("ledger", async () => {
      const { transactions, isCut } = await ledger.ofPayment(scope, paymentId, trace);
      return { entries: transactions.map(ledgerEntry), isCut };
    }),
    heard("webhooks", async () => {
      const { deliveries, attempts, isCut } = await webhooks.ofPayment(scope, String(reference), trace);
      return { entries: webhookEntries(deliveries, attempts), isCut };
    }),
  ]);
  const silences = [posted, sent].filter((part) => "source" in part);
  const parts = [posted, sent].filter((part) => "entries" in part);
  const silent = silences.map(({ source }) => unavailable(source, clock.now()));
  return { timeline: mergeTimelines([own, ...parts], silent), silences };
}

/** Whatever goes wrong with one source takes nothing from the others. */
async function heard(source: OptionalSource, read: () => Promise<Timeline>): Promise<Timeline | Silence> {
  try {
    return await read();
  } catch (cause) {
    return { source, cause };
  }
}
