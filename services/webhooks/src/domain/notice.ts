import type { Instant } from "@oi/kernel/instant";
import type { Mode } from "@oi/kernel/scope";

type Told = {
  /** The event's own id. */
  readonly id: string;
  readonly endpointId: number;
  readonly applicationId: number;
  readonly mode: Mode;
  readonly occurredAt: Instant;
};

/** The fact that a delivery was given up. */
export type DeliveryParked = Told & {
  readonly kind: "DELIVERY_PARKED";
  readonly deliveryId: number;
  readonly eventId: string;
  readonly lastError: string;
};

/** The facts that operators are told through stream WEBHOOKS. */
export type Notice =
  | DeliveryParked
  | (Told & {
      readonly kind: "ENDPOINT_FAILING";
      readonly failingSince: Instant;
      readonly hours: number;
      readonly lastError: string;
    })
  | (Told & { readonly kind: "ENDPOINT_DISABLED"; readonly reason: string });
