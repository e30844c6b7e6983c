import type { Instant } from "@oi/kernel/instant";
import type { Mode } from "@oi/kernel/scope";
import type { EndpointState } from "./endpoint.ts";

export type DeliveryState = "PENDING" | "LEASED" | "DELIVERED" | "PARKED" | "SUSPENDED" | "CANCELLED";

/** What callers see: being sent is part of waiting. */
export type DeliveryStatus = Exclude<DeliveryState, "LEASED">;

/** One event for one endpoint, as it is shown. */
export type Delivery = {
  readonly id: number;
  readonly applicationId: number;
  readonly mode: Mode;
  readonly endpointId: number;
  readonly eventId: string;
  readonly type: string;
  readonly schemaVersion: number;
  readonly body: string;
  readonly status: DeliveryStatus;
  readonly attempts: number;
  readonly lastResponseStatus: number | null;
  readonly lastError: string | null;
  /** Null unless the status is PENDING. */
  readonly nextAttemptAt: Instant | null;
  readonly lastAttemptAt: Instant | null;
  readonly deliveredAt: Instant | null;
  readonly createdAt: Instant;
  readonly updatedAt: Instant;
  readonly paymentReference: string;
  readonly sequence: number;
};

/** A waiting row of a disabled endpoint shows as suspended even before the repair pass has moved it. */
export function shownStatus(state: DeliveryState, endpoint: EndpointState): DeliveryStatus {
  if (state === "LEASED") return "PENDING";
  return state === "PENDING" && endpoint === "DISABLED" ? "SUSPENDED" : state;
}
