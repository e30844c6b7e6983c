import { create, type DescMessage, type MessageInitShape, toJsonString } from "@bufbuild/protobuf";
import type { Instant } from "@oi/kernel/instant";
import type { Scope } from "@oi/kernel/scope";
import { cloudEventHeaders, type OutboxEvent } from "@oi/platform/events/envelope";
import type { Clock } from "@oi/platform/service/clock";
import { newEventId, type Random } from "@oi/platform/service/random";
import {
  AdjustmentPostedSchema,
  EventParkedSchema,
  IntegrityBrokenSchema,
} from "@oi/proto/ledger/v1/ledger_events";
import { modeToProto } from "@oi/proto/public/scope";
import { toTimestamp } from "@oi/proto/public/time";
import type { ParkReason, ReceivedEvent } from "../../application/ports.ts";
import type { IntegrityBreak } from "../../domain/book-proof.ts";
import type { Draft } from "../../domain/draft.ts";

export type Announcements = {
  parked(event: ReceivedEvent, reason: ParkReason): OutboxEvent;
  /** Null for a fact: readers follow the sequence, which has no gaps. */
  posted(scope: Scope, draft: Draft): OutboxEvent | null;
  broken(scope: Scope, found: IntegrityBreak): OutboxEvent;
};

/** The ledger's own events. Their times inform; a row's own time is the database's. */
export function announcements(ports: { readonly clock: Clock; readonly random: Random }): Announcements {
  const { clock, random } = ports;
  return {
    parked: (event, reason) => {
      const occurredAt = toTimestamp(clock.now());
      return outboxEvent(EventParkedSchema, {
        id: newEventId(random, clock.now()),
        subject: "ledger.event.parked",
        aggregate: `event:${event.uuid}`,
        about: event.id,
        now: clock.now(),
        message: { eventId: event.id, subject: event.subject, reason, occurredAt },
      });
    },
    posted: (scope, draft) => {
      if (draft.source !== null) return null;
      const [, id = "0"] = draft.key.split(":");
      return outboxEvent(AdjustmentPostedSchema, {
        id: newEventId(random, clock.now()),
        subject: "ledger.adjustment.posted",
        aggregate: draft.key,
        about: id,
        now: clock.now(),
        message: {
          ...bookOf(scope),
          adjustmentId: BigInt(id),
          maker: draft.actor,
          checker: draft.approver ?? "",
          occurredAt: toTimestamp(draft.occurredAt),
        },
      });
    },
    broken: (scope, { check, expected, actual, subject }) => {
      const name = `${scope.applicationId}:${scope.mode}`;
      const description = `${subject}: expected ${expected}, found ${actual}`;
      return outboxEvent(IntegrityBrokenSchema, {
        id: newEventId(random, clock.now()),
        subject: "ledger.integrity.broken",
        aggregate: `book:${name}`,
        about: name,
        now: clock.now(),
        message: { ...bookOf(scope), check, description, occurredAt: toTimestamp(clock.now()) },
      });
    },
  };
}

function bookOf({ applicationId, mode }: Scope) {
  return { applicationId: BigInt(applicationId), mode: modeToProto(mode) };
}

function outboxEvent<D extends DescMessage>(
  schema: D,
  event: {
    readonly id: string;
    readonly subject: string;
    readonly aggregate: string;
    readonly about: string;
    readonly now: Instant;
    readonly message: MessageInitShape<D>;
  },
): OutboxEvent {
  const { id, subject, aggregate, about, now, message } = event;
  return {
    id,
    subject,
    aggregate,
    version: 1,
    headers: cloudEventHeaders({ id, source: "oi/ledger", type: subject, subject: about, time: now }),
    payload: toJsonString(schema, create(schema, message)),
  };
}
