import { formatInstant, type Instant } from "@oi/kernel/instant";
import { localDigits } from "./bangla-digits.ts";
import type { TimelineEntry, Words } from "./timeline.ts";

/** An event that an endpoint is to get. */
export type WebhookDelivery = {
  readonly id: number;
  readonly endpointId: number;
  /** The `webhook-id` of every attempt. */
  readonly eventId: string;
  readonly type: string;
  readonly status: string;
  readonly attempts: number;
  readonly createdAt: Instant;
  /** Null unless it waits for one. */
  readonly nextAttemptAt: Instant | null;
};

/** One request of a delivery. */
export type WebhookAttempt = {
  readonly deliveryId: number;
  /** From 1. */
  readonly number: number;
  /** Host and port alone: a path may hold a merchant's secret. */
  readonly host: string;
  readonly claimedAt: Instant;
  /** Null while it runs. */
  readonly outcome: string | null;
  readonly httpStatus: number | null;
  readonly error: string | null;
  readonly totalMs: number | null;
};

/** What became of the webhooks about a payment: that each was taken, and every request that was made. */
export function webhookEntries(
  deliveries: readonly WebhookDelivery[],
  attempts: readonly WebhookAttempt[],
): readonly TimelineEntry[] {
  const known = new Map(deliveries.map((delivery) => [delivery.id, delivery]));
  return [
    ...deliveries.map(deliveryEntry),
    ...attempts.map((attempt) => attemptEntry(attempt, known.get(attempt.deliveryId))),
  ];
}

const COMMON = { kind: "webhook", actor: "system", version: null } as const;

function deliveryEntry(delivery: WebhookDelivery): TimelineEntry {
  const { id, endpointId, eventId, type, status, attempts } = delivery;
  return {
    ...COMMON,
    id: `webhook:${id}`,
    at: delivery.createdAt,
    title: { en: `Webhook ${type}: to be sent`, bn: `ওয়েবহুক ${type}: পাঠানো হবে` },
    status,
    refs: { deliveryId: String(id), endpointId: String(endpointId), eventId },
    detail: { type, attempts, nextTryAt: nextTry(delivery) },
  };
}

function attemptEntry(attempt: WebhookAttempt, delivery: WebhookDelivery | undefined): TimelineEntry {
  const { deliveryId, number, host, outcome, httpStatus, error, totalMs } = attempt;
  const type = delivery?.type ?? null;
  const isLast = number === delivery?.attempts;
  return {
    ...COMMON,
    id: `webhook:${deliveryId}:${number}`,
    at: attempt.claimedAt,
    title: attemptTitle(type ?? "", number, resultOf(outcome)),
    status: outcome,
    refs: { deliveryId: String(deliveryId), ...(delivery ? { eventId: delivery.eventId } : {}) },
    detail: {
      type,
      host,
      attempt: number,
      httpStatus,
      error,
      ms: totalMs,
      nextTryAt: delivery && isLast ? nextTry(delivery) : null,
    },
  };
}

function nextTry({ nextAttemptAt }: WebhookDelivery): string | null {
  return nextAttemptAt === null ? null : formatInstant(nextAttemptAt);
}

function resultOf(outcome: string | null): Words {
  if (outcome === null) return { en: "under way", bn: "চলছে" };
  return outcome === "OK" ? { en: "delivered", bn: "পৌঁছেছে" } : { en: "failed", bn: "পৌঁছায়নি" };
}

function attemptTitle(type: string, number: number, result: Words): Words {
  const name = type === "" ? "" : ` ${type}`;
  return {
    en: `Webhook${name}, attempt ${number}: ${result.en}`,
    bn: `ওয়েবহুক${name}, চেষ্টা ${localDigits(String(number), "bn")}: ${result.bn}`,
  };
}
