import { rpcClient, type Transport } from "@oi/platform/rpc/client";
import { rpc } from "@oi/platform/rpc/errors";
import { enumName } from "@oi/proto/public/enum-name";
import { exactNumber } from "@oi/proto/public/exact-number";
import { fromTimestamp } from "@oi/proto/public/time";
import type { Attempt } from "@oi/proto/webhooks/v1/attempt";
import { DeliveriesService } from "@oi/proto/webhooks/v1/deliveries_service";
import { type Delivery, DeliveryStatusSchema } from "@oi/proto/webhooks/v1/delivery";
import type { WebhookLog } from "../../application/timeline-ports.ts";
import { TIMELINE_LIMIT } from "../../domain/timeline.ts";
import type { WebhookAttempt, WebhookDelivery } from "../../domain/webhook-entries.ts";
import { callOptions, DEADLINE_MS } from "./call-options.ts";
import { required, scopeFields } from "./request-fields.ts";

const PAGE_SIZE = 100;

/** Everything that could tell an address or what a receiver answered stays behind. */
function toAttempt(message: Attempt): WebhookAttempt {
  return {
    deliveryId: exactNumber(message.deliveryId),
    number: message.number,
    host: message.host,
    claimedAt: fromTimestamp(required(message.claimedAt, "claimed_at")),
    outcome: message.outcome === "" ? null : message.outcome,
    httpStatus: message.status ?? null,
    error: message.error ?? null,
    totalMs: message.totalMs ?? null,
  };
}

function toDelivery(message: Delivery): WebhookDelivery {
  return {
    id: exactNumber(message.id),
    endpointId: exactNumber(message.endpointId),
    eventId: message.eventId,
    type: message.type,
    status: enumName(DeliveryStatusSchema, message.deliveryStatus),
    attempts: message.attempts,
    createdAt: fromTimestamp(required(message.createdAt, "created_at")),
    nextAttemptAt: message.nextAttemptAt ? fromTimestamp(message.nextAttemptAt) : null,
  };
}

type ReadPage<T> = (pageToken: string) => Promise<{ readonly items: readonly T[]; readonly next: string }>;

/** The pages come newest first; the result is oldest first. */
async function readAll<T>(
  read: ReadPage<T>,
): Promise<{ readonly items: readonly T[]; readonly isCut: boolean }> {
  const all: T[] = [];
  let token = "";
  do {
    const { items, next } = await read(token);
    all.push(...items);
    token = next;
  } while (token !== "" && all.length < TIMELINE_LIMIT);
  return { items: all.reverse(), isCut: token !== "" };
}

export function rpcWebhookLog(transport: Transport): WebhookLog {
  const client = rpcClient(DeliveriesService, transport);
  return {
    ofPayment: async (scope, paymentReference, trace) => {
      const timeoutMs = DEADLINE_MS.optionalPart;
      // One time for all pages together.
      const options = { ...callOptions(trace, timeoutMs), signal: AbortSignal.timeout(timeoutMs) };
      const request = { ...scopeFields(scope), paymentReference, pageSize: PAGE_SIZE };
      const [deliveries, attempts] = await Promise.all([
        readAll(async (pageToken) => {
          const answer = await rpc(client.listDeliveries({ ...request, pageToken }, options));
          return { items: answer.deliveries.map(toDelivery), next: answer.nextPageToken };
        }),
        readAll(async (pageToken) => {
          const answer = await rpc(client.listAttempts({ ...request, pageToken }, options));
          return { items: answer.attempts.map(toAttempt), next: answer.nextPageToken };
        }),
      ]);
      const isCut = deliveries.isCut || attempts.isCut;
      return { deliveries: deliveries.items, attempts: attempts.items, isCut };
    },
  };
}
