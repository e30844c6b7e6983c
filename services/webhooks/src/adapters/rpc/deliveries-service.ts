import type { ServiceImpl } from "@connectrpc/connect";
import type { DeliveriesService, ListDeliveriesRequest } from "@oi/proto/webhooks/v1/deliveries_service";
import { DeliveryStatus } from "@oi/proto/webhooks/v1/delivery";
import type { GetDelivery } from "../../application/get-delivery.ts";
import { readPage } from "../../application/page.ts";
import type { DeliveryFilter, DeliveryLog } from "../../application/ports.ts";
import type { DeliveryStatus as Status } from "../../domain/delivery.ts";
import { toDeliveryMessage, toScope } from "./messages.ts";
import { decodePageToken, encodePageToken } from "./page-token.ts";

const STATUSES: Readonly<Partial<Record<DeliveryStatus, Status>>> = {
  [DeliveryStatus.PENDING]: "PENDING",
  [DeliveryStatus.DELIVERED]: "DELIVERED",
  [DeliveryStatus.PARKED]: "PARKED",
  [DeliveryStatus.SUSPENDED]: "SUSPENDED",
  [DeliveryStatus.CANCELLED]: "CANCELLED",
};

/** An empty field of the request is no filter. */
function toFilter(request: ListDeliveriesRequest): DeliveryFilter {
  return {
    endpointId: request.endpointId === 0n ? null : Number(request.endpointId),
    type: request.type || null,
    status: STATUSES[request.deliveryStatus] ?? null,
    eventId: request.eventId || null,
    paymentReference: request.paymentReference || null,
  };
}

export function deliveriesService({
  getDelivery,
  deliveries,
}: {
  readonly getDelivery: GetDelivery;
  readonly deliveries: Pick<DeliveryLog, "list">;
}): ServiceImpl<typeof DeliveriesService> {
  return {
    listDeliveries: async (request) => {
      const scope = toScope(request);
      const filter = toFilter(request);
      const asked = { size: request.pageSize, after: decodePageToken("deliveries", request.pageToken) };
      const { items, next } = await readPage(asked, (page) => deliveries.list(scope, filter, page));
      return { deliveries: items.map(toDeliveryMessage), nextPageToken: encodePageToken("deliveries", next) };
    },
    getDelivery: async (request) => ({
      delivery: toDeliveryMessage(await getDelivery(Number(request.id), toScope(request))),
    }),
  };
}
