import { notFound } from "@oi/kernel/errors";
import type { Scope } from "@oi/kernel/scope";
import type { Delivery } from "../domain/delivery.ts";
import type { DeliveryLog } from "./admin-ports.ts";

export type GetDelivery = (id: number, scope: Scope) => Promise<Delivery>;

/** Raises RESOURCE_NOT_FOUND, also for a delivery of another application or mode. */
export function createGetDelivery(log: DeliveryLog): GetDelivery {
  return async (id, scope) => {
    const delivery = await log.byId(id, scope);
    if (!delivery) throw notFound("Delivery");
    return delivery;
  };
}
