import type { Instant } from "@oi/kernel/instant";
import type { Mode } from "@oi/kernel/scope";

/** The fact that a delivery was given up; told to operators through stream WEBHOOKS. */
export type DeliveryParked = {
  readonly id: string;
  readonly deliveryId: number;
  readonly endpointId: number;
  readonly applicationId: number;
  readonly mode: Mode;
  readonly eventId: string;
  readonly lastError: string;
  readonly occurredAt: Instant;
};
