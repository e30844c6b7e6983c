import { DomainError } from "@oi/kernel/errors";
import type { Instant } from "@oi/kernel/instant";
import type { Mode } from "@oi/kernel/scope";
import type { EndpointState } from "./endpoint.ts";

export type DeliveryKind = "AUTO" | "MANUAL" | "TEST";

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

/** A waiting row shows what its endpoint's state makes of it, even before the repair pass has moved it. */
export function shownStatus(state: DeliveryState, endpoint: EndpointState): DeliveryStatus {
  if (state === "LEASED") return "PENDING";
  if (endpoint === "DELETED" && (state === "PENDING" || state === "SUSPENDED")) return "CANCELLED";
  return state === "PENDING" && endpoint === "DISABLED" ? "SUSPENDED" : state;
}

/** Raises INVALID_OPERATION_STATE for a delivery that is being sent, and for an endpoint that takes nothing. */
export function checkResend(state: DeliveryState, endpoint: EndpointState): void {
  if (state === "LEASED") throw new DomainError("INVALID_OPERATION_STATE", "The delivery is being sent.");
  if (endpoint === "DISABLED" || endpoint === "DELETED")
    throw new DomainError("INVALID_OPERATION_STATE", `The endpoint is ${endpoint}.`);
}

/** Raises INVALID_OPERATION_STATE for a delivery that is being sent or has ended. */
export function checkCancel(state: DeliveryState): void {
  if (state !== "PENDING" && state !== "PARKED" && state !== "SUSPENDED")
    throw new DomainError(
      "INVALID_OPERATION_STATE",
      `The delivery is ${state === "LEASED" ? "being sent" : state}.`,
    );
}
