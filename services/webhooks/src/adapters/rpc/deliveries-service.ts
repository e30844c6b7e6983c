import type { ServiceImpl } from "@connectrpc/connect";
import { invalid, notFound } from "@oi/kernel/errors";
import type { PageTokens } from "@oi/platform/rpc/page-token";
import { fromTimestamp } from "@oi/proto/public/time";
import {
  CancelDeliveryRequestSchema,
  CancelRecoveryRequestSchema,
  type DeliveriesService,
  DeliverySort,
  type ListAttemptsRequest,
  ListAttemptsRequestSchema,
  type ListDeliveriesRequest,
  ListDeliveriesRequestSchema,
  type ListEventsRequest,
  ListEventsRequestSchema,
  type ListParkedEventsRequest,
  ListParkedEventsRequestSchema,
  RecoverEndpointRequestSchema,
  ResendDeliveryRequestSchema,
} from "@oi/proto/webhooks/v1/deliveries_service";
import { DeliveryStatus } from "@oi/proto/webhooks/v1/delivery";
import { Breaker } from "@oi/proto/webhooks/v1/endpoint";
import { RecoveryScope } from "@oi/proto/webhooks/v1/recovery";
import type {
  AttemptFilter,
  DeliveryFilter,
  DeliveryLog,
  EndpointLog,
  ParkedEvents,
} from "../../application/admin-ports.ts";
import type { DiagnoseSignature } from "../../application/diagnose-signature.ts";
import type { GetDelivery } from "../../application/get-delivery.ts";
import type { ManageDeliveries } from "../../application/manage-deliveries.ts";
import { pageSize, readPage, readPlaced } from "../../application/page.ts";
import type { DeliveryStatus as Status } from "../../domain/delivery.ts";
import { requestHeaders } from "../../domain/request-headers.ts";
import {
  toAttemptMessage,
  toDiagnosisMessage,
  toEventMessage,
  toParkedMessage,
  toRecoveryMessage,
} from "./admin-messages.ts";
import { toDeliveryMessage, toScope } from "./messages.ts";
import { onceOf } from "./once.ts";
import { idOf, pagesOf } from "./page-token.ts";

const STATUSES: Readonly<Partial<Record<DeliveryStatus, Status>>> = {
  [DeliveryStatus.PENDING]: "PENDING",
  [DeliveryStatus.DELIVERED]: "DELIVERED",
  [DeliveryStatus.PARKED]: "PARKED",
  [DeliveryStatus.SUSPENDED]: "SUSPENDED",
  [DeliveryStatus.CANCELLED]: "CANCELLED",
};

const SCOPES: Readonly<Partial<Record<RecoveryScope, "FAILED" | "MISSING" | "ALL">>> = {
  [RecoveryScope.MISSING]: "MISSING",
  [RecoveryScope.ALL]: "ALL",
};

const DAY_SECONDS = 86_400;
const MIN_WINDOW_SECONDS = 60;

/** An empty field of the request is no filter. */
function toFilter(request: ListDeliveriesRequest): DeliveryFilter {
  return {
    endpointId: request.endpointId === 0n ? null : Number(request.endpointId),
    type: request.type || null,
    status: STATUSES[request.deliveryStatus] ?? null,
    eventId: request.eventId || null,
    paymentReference: request.paymentReference || null,
    from: request.from ? fromTimestamp(request.from) : null,
    to: request.to ? fromTimestamp(request.to) : null,
  };
}

function toAttemptFilter({ deliveryId, endpointId, paymentReference }: ListAttemptsRequest): AttemptFilter {
  const given: readonly (AttemptFilter | null)[] = [
    deliveryId === 0n ? null : { deliveryId: Number(deliveryId) },
    endpointId === 0n ? null : { endpointId: Number(endpointId) },
    paymentReference === "" ? null : { paymentReference },
  ];
  const [filter, ...more] = given.filter((each) => each !== null);
  if (!filter || more.length > 0)
    throw invalid({ deliveryId: "name exactly one of deliveryId, endpointId, paymentReference" });
  return filter;
}

type Ports = {
  readonly getDelivery: GetDelivery;
  readonly deliveries: DeliveryLog;
  readonly endpoints: Pick<EndpointLog, "byId" | "stats" | "recovery">;
  readonly manage: ManageDeliveries;
  readonly diagnose: DiagnoseSignature;
  readonly parked: ParkedEvents;
  readonly retryParked: (eventId: string) => Promise<{ readonly error: string | null }>;
  readonly pageTokens: PageTokens;
};

type Impl = ServiceImpl<typeof DeliveriesService>;

function lists({
  deliveries,
  parked,
  pageTokens,
}: Ports): Pick<Impl, "listDeliveries" | "listAttempts" | "listEvents" | "listParkedEvents"> {
  const deliveryPages = pagesOf<ListDeliveriesRequest>(pageTokens, ListDeliveriesRequestSchema);
  const attemptPages = pagesOf<ListAttemptsRequest>(pageTokens, ListAttemptsRequestSchema);
  const eventPages = pagesOf<ListEventsRequest>(pageTokens, ListEventsRequestSchema);
  const parkedPages = pagesOf<ListParkedEventsRequest>(pageTokens, ListParkedEventsRequestSchema);
  return {
    listDeliveries: async (request) => {
      const scope = toScope(request);
      const filter = toFilter(request);
      const size = request.pageSize;
      const after = deliveryPages.begin(request);
      const { items, next } =
        request.sortBy === DeliverySort.NEXT_ATTEMPT_AT
          ? await readPlaced({ size, after }, (page) => deliveries.listDue(scope, filter, page))
          : await readPage({ size, after: idOf(after) }, (page) => deliveries.list(scope, filter, page));
      return { deliveries: items.map(toDeliveryMessage), nextPageToken: deliveryPages.next(request, next) };
    },
    listAttempts: async (request) => {
      const scope = toScope(request);
      const filter = toAttemptFilter(request);
      if ("deliveryId" in filter && !(await deliveries.byId(filter.deliveryId, scope)))
        throw notFound("Delivery");
      const asked = { size: request.pageSize, after: attemptPages.begin(request) };
      const { items, next } = await readPlaced(asked, (page) => deliveries.attempts(scope, filter, page));
      return { attempts: items.map(toAttemptMessage), nextPageToken: attemptPages.next(request, next) };
    },
    listEvents: async (request) => {
      const after = eventPages.begin(request) ?? "0-";
      const page = { limit: pageSize(request.pageSize), after };
      const rows = await deliveries.events(toScope(request), request.eventTypes, page);
      return {
        events: rows.map(toEventMessage),
        nextPageToken: eventPages.next(request, rows.at(-1)?.position ?? after),
      };
    },
    listParkedEvents: async (request) => {
      const asked = { size: request.pageSize, after: parkedPages.begin(request) };
      const { includeResolved } = request;
      const { items, next } = await readPlaced(asked, (page) => parked.list({ includeResolved }, page));
      return { events: items.map(toParkedMessage), nextPageToken: parkedPages.next(request, next) };
    },
  };
}

function recoveries({
  manage,
  endpoints,
}: Ports): Pick<Impl, "recoverEndpoint" | "getRecovery" | "cancelRecovery"> {
  return {
    recoverEndpoint: async (request) => {
      const once = onceOf("RecoverEndpoint", RecoverEndpointRequestSchema, request);
      const { endpointId, since, until, eventTypes, scope } = request;
      if (!since) throw invalid({ since: "is required" });
      const recovery = await manage.recover(once, {
        endpointId: Number(endpointId),
        scope: SCOPES[scope] ?? "FAILED",
        since: fromTimestamp(since),
        until: until ? fromTimestamp(until) : null,
        eventTypes,
      });
      return { recovery: toRecoveryMessage(recovery) };
    },
    getRecovery: async (request) => {
      const found = await endpoints.recovery(Number(request.id), toScope(request));
      if (!found) throw notFound("Recovery");
      return { recovery: toRecoveryMessage(found) };
    },
    cancelRecovery: async (request) => {
      const once = onceOf("CancelRecovery", CancelRecoveryRequestSchema, request);
      return { recovery: toRecoveryMessage(await manage.cancelRecovery(once, Number(request.id))) };
    },
  };
}

function looks({
  endpoints,
  diagnose,
  retryParked,
}: Ports): Pick<Impl, "getEndpointStats" | "diagnoseSignature" | "retryParkedEvent"> {
  return {
    getEndpointStats: async (request) => {
      const id = Number(request.endpointId);
      if (!(await endpoints.byId(id, toScope(request)))) throw notFound("Endpoint");
      const seconds = request.windowSeconds === 0 ? DAY_SECONDS : request.windowSeconds;
      const stats = await endpoints.stats(id, Math.max(seconds, MIN_WINDOW_SECONDS) * 1_000);
      const { attempts, succeeded, p50Ms, p99Ms, byOutcome } = stats;
      return {
        attempts: BigInt(attempts),
        successRate: attempts === 0 ? 0 : succeeded / attempts,
        p50Ms,
        p99Ms,
        byOutcome: Object.fromEntries(Object.entries(byOutcome).map(([name, n]) => [name, BigInt(n)])),
      };
    },
    diagnoseSignature: async (request) =>
      toDiagnosisMessage(
        await diagnose({
          scope: toScope(request),
          endpointId: Number(request.endpointId),
          headers: request.headers,
          body: request.rawBody,
          computed: request.computed || null,
          secret: request.secret || null,
        }),
      ),
    retryParkedEvent: async ({ eventId }) => {
      const { error } = await retryParked(eventId);
      return { isApplied: error === null, error: error ?? "" };
    },
  };
}

export function deliveriesService(ports: Ports): Impl {
  const { getDelivery, manage } = ports;
  return {
    ...lists(ports),
    ...recoveries(ports),
    ...looks(ports),
    getDelivery: async (request) => {
      const delivery = await getDelivery(Number(request.id), toScope(request));
      const unsigned = { eventId: delivery.eventId, timestampSeconds: 0, signature: "" };
      const { "webhook-timestamp": _, "webhook-signature": __, ...headers } = requestHeaders(unsigned);
      return { delivery: toDeliveryMessage(delivery), headers };
    },
    resendDelivery: async (request) => {
      const id = Number(request.id);
      const once = onceOf("ResendDelivery", ResendDeliveryRequestSchema, request);
      const breaker = await manage.resend(once, id);
      const delivery = await getDelivery(id, once.scope);
      return { delivery: toDeliveryMessage(delivery), breaker: Breaker[breaker] };
    },
    cancelDelivery: async (request) => {
      const id = Number(request.id);
      const once = onceOf("CancelDelivery", CancelDeliveryRequestSchema, request);
      await manage.cancel(once, id);
      return { delivery: toDeliveryMessage(await getDelivery(id, once.scope)) };
    },
  };
}
