import type { Instant } from "@oi/kernel/instant";
import type { Mode } from "@oi/kernel/scope";
import type { ParkedEvent } from "../../application/admin-ports.ts";
import type { StoredSecret } from "../../application/ports.ts";
import type { AttemptRow } from "../../domain/attempt-row.ts";
import { type Health, NEW_HEALTH } from "../../domain/breaker.ts";
import type { Outcome } from "../../domain/classify.ts";
import type { DeliveryKind, DeliveryState } from "../../domain/delivery.ts";
import type { Endpoint, Target } from "../../domain/endpoint.ts";
import type { PublicEvent } from "../../domain/event.ts";
import type { Notice } from "../../domain/notice.ts";
import type { Recovery } from "../../domain/recovery.ts";
import type { SecretInfo } from "../../domain/rotation.ts";

export type MemorySecret = StoredSecret & SecretInfo;

export type StoredEndpoint = Omit<Endpoint, keyof Health> & {
  readonly health: Health;
  readonly lastServed: Instant;
  readonly secrets: readonly MemorySecret[];
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
  readonly kind: DeliveryKind;
  readonly round: number;
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

export type StoredAttempt = AttemptRow & { outcome: Outcome | null };

export type StoredEvent = {
  readonly event: PublicEvent;
  readonly body: string;
  readonly receivedAt: Instant;
};

export type StoredRecovery = Recovery & { readonly cursor: number };

/** What the database would hold. The stores of one world see each other's changes; its clock stands until it is set. */
export type MemoryWorld = {
  now: Instant;
  ids: number;
  readonly targets: Map<number, { readonly version: number; readonly target: Target }>;
  readonly endpoints: Map<number, StoredEndpoint>;
  readonly inbox: Map<string, "APPLIED" | "PARKED">;
  readonly events: StoredEvent[];
  readonly poison: ParkedEvent[];
  readonly deliveries: Map<number, StoredDelivery>;
  readonly attempts: StoredAttempt[];
  readonly recoveries: Map<number, StoredRecovery>;
  readonly answers: Map<
    string,
    { readonly fingerprint: string; readonly answer: string; readonly at: Instant }
  >;
  readonly outbox: Notice[];
};

export function showEndpoint(stored: StoredEndpoint): Endpoint {
  const { health, lastServed: _, secrets: __, ...endpoint } = stored;
  const { breaker, openUntil, cap, lastOkAt, firstFailAt } = health;
  return { ...endpoint, breaker, openUntil, cap, lastOkAt, firstFailAt };
}

export function newStoredEndpoint(
  world: MemoryWorld,
  made: Pick<
    StoredEndpoint,
    "id" | "applicationId" | "mode" | "url" | "hostKey" | "isDefault" | "eventTypes" | "description"
  >,
): StoredEndpoint {
  return {
    ...made,
    state: "ENABLED",
    disabledReason: null,
    schemaVersion: 1,
    version: 1,
    createdAt: world.now,
    updatedAt: world.now,
    health: NEW_HEALTH,
    lastServed: Number.NEGATIVE_INFINITY,
    secrets: [],
  };
}

export function bodyOf(world: MemoryWorld, eventId: string): string {
  return world.events.find(({ event }) => event.id === eventId)?.body ?? "";
}

export function memoryWorld(now: Instant = 1_780_567_200_000): MemoryWorld {
  return {
    now,
    ids: 0,
    targets: new Map(),
    endpoints: new Map(),
    inbox: new Map(),
    events: [],
    poison: [],
    deliveries: new Map(),
    attempts: [],
    recoveries: new Map(),
    answers: new Map(),
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
