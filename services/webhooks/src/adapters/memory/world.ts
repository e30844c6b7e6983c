import type { Instant } from "@oi/kernel/instant";
import type { Mode } from "@oi/kernel/scope";
import type { PoisonEvent, StoredSecret } from "../../application/ports.ts";
import type { Outcome } from "../../domain/classify.ts";
import type { DeliveryState } from "../../domain/delivery.ts";
import type { Endpoint, Target } from "../../domain/endpoint.ts";
import type { DeliveryParked } from "../../domain/parked.ts";

export type StoredEndpoint = Endpoint & {
  readonly hostKey: string | null;
  readonly cap: number;
  readonly failStreak: number;
  readonly lastServed: Instant;
  readonly secrets: readonly StoredSecret[];
};

export type StoredDelivery = {
  readonly id: number;
  readonly eventId: string;
  readonly endpointId: number;
  readonly applicationId: number;
  readonly mode: Mode;
  readonly type: string;
  readonly aggregate: string;
  readonly sequence: number;
  readonly state: DeliveryState;
  readonly tries: number;
  readonly attempts: number;
  readonly nextAt: Instant;
  readonly firstDueAt: Instant;
  readonly lease: {
    readonly token: string;
    readonly worker: string;
    readonly at: Instant;
    readonly until: Instant;
  } | null;
  readonly lastStatus: number | null;
  readonly lastError: string | null;
  readonly lastAttemptAt: Instant | null;
  readonly deliveredAt: Instant | null;
  readonly createdAt: Instant;
  readonly updatedAt: Instant;
};

export type StoredAttempt = { readonly deliveryId: number; readonly n: number; outcome: Outcome | null };

/** What the database would hold. The stores of one world see each other's changes; its clock stands until it is set. */
export type MemoryWorld = {
  now: Instant;
  ids: number;
  readonly targets: Map<number, { readonly version: number; readonly target: Target }>;
  readonly endpoints: Map<number, StoredEndpoint>;
  readonly inbox: Map<string, "APPLIED" | "PARKED">;
  readonly bodies: Map<string, string>;
  readonly poison: PoisonEvent[];
  readonly deliveries: Map<number, StoredDelivery>;
  readonly attempts: StoredAttempt[];
  readonly outbox: DeliveryParked[];
};

export function memoryWorld(now: Instant = 1_780_567_200_000): MemoryWorld {
  return {
    now,
    ids: 0,
    targets: new Map(),
    endpoints: new Map(),
    inbox: new Map(),
    bodies: new Map(),
    poison: [],
    deliveries: new Map(),
    attempts: [],
    outbox: [],
  };
}

export function nextId(world: MemoryWorld): number {
  world.ids += 1;
  return world.ids;
}

export function changeDelivery(world: MemoryWorld, id: number, change: Partial<StoredDelivery>): void {
  const delivery = world.deliveries.get(id);
  if (delivery) world.deliveries.set(id, { ...delivery, ...change, updatedAt: world.now });
}
