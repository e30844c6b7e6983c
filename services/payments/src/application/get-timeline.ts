import { notFound } from "@oi/kernel/errors";
import type { Scope } from "@oi/kernel/scope";
import { type TimelineEntry, type TimelineFact, titled } from "../domain/timeline.ts";
import type { PaymentStore } from "./ports.ts";

export interface TimelineStore {
  /** Up to `limit` facts about a payment, oldest first. */
  facts(
    payment: { readonly id: number; readonly reference: string },
    limit: number,
  ): Promise<readonly TimelineFact[]>;
}

const LIMIT = 500;

export type GetTimeline = (
  paymentId: number,
  scope: Scope,
) => Promise<{ readonly entries: readonly TimelineEntry[]; readonly truncated: boolean }>;

/** Reads everything that payments knows to have happened to a payment. Raises RESOURCE_NOT_FOUND. */
export function getTimeline(ports: { payments: PaymentStore; timeline: TimelineStore }): GetTimeline {
  return async (paymentId, scope) => {
    const payment = await ports.payments.byId(paymentId, scope);
    if (!payment) throw notFound("Payment");
    const facts = await ports.timeline.facts(payment, LIMIT + 1);
    return { entries: facts.slice(0, LIMIT).map(titled), truncated: facts.length > LIMIT };
  };
}
