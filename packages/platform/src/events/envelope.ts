import { formatInstant, type Instant } from "@oi/kernel/instant";

/** An event ready for the outbox: written with the change that it tells of. */
export type OutboxEvent = {
  /** `evt_…`: `ce-id`, `Nats-Msg-Id` and `webhook-id` alike. */
  readonly id: string;
  /** `<service>.<entity>.<past participle>` */
  readonly subject: string;
  /** What the event is about; events of one aggregate are published in order. */
  readonly aggregate: string;
  readonly version: number;
  readonly headers: Readonly<Record<string, string>>;
  /** proto3 JSON of a message in `*_events.proto`. */
  readonly payload: string;
};

/** An event as a consumer gets it. */
export type InboundEvent = {
  readonly id: string;
  readonly subject: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly payload: string;
  /** 1 for the first delivery. */
  readonly deliveries: number;
};

/** The CloudEvents 1.0 attributes as headers (binary content mode). */
export function cloudEventHeaders(event: {
  readonly id: string;
  readonly source: string;
  readonly type: string;
  readonly subject: string;
  readonly time: Instant;
}): Record<string, string> {
  return {
    "ce-specversion": "1.0",
    "ce-id": event.id,
    "ce-source": event.source,
    "ce-type": event.type,
    "ce-subject": event.subject,
    "ce-time": formatInstant(event.time),
    "content-type": "application/json",
  };
}
