import type { Instant } from "@oi/kernel/instant";
import type { Mode } from "@oi/kernel/scope";

/** Every type that is sent today. Subject `payments.payment.succeeded` is type `payment.succeeded`. */
export const EVENT_TYPES = [
  "payment.succeeded",
  "payment.failed",
  "payment.cancelled",
  "payment.expired",
  "refund.succeeded",
  "refund.failed",
] as const;

export type EventType = (typeof EVENT_TYPES)[number];

/** Sent only when somebody asks for it. */
export const TEST_TYPE = "webhook.test";

/** One public fact. Its id is the id of the producer's outbox row and the `webhook-id` of every attempt. */
export type PublicEvent = {
  readonly id: string;
  readonly subject: string;
  readonly type: EventType | typeof TEST_TYPE;
  readonly applicationId: number;
  readonly mode: Mode;
  /** The payment's reference. */
  readonly aggregate: string;
  /** The payment's version after the change, of a refund's event too: of two of one payment the higher is newer. */
  readonly sequence: number;
  readonly occurredAt: Instant;
  /** The public object as it was at that version. */
  readonly data: object;
};

const SUBJECT_PREFIX = "payments.";

/** The type that a subject announces; null for subjects that are not told to applications. */
export function typeOfSubject(subject: string): EventType | null {
  return EVENT_TYPES.find((type) => subject === `${SUBJECT_PREFIX}${type}`) ?? null;
}
