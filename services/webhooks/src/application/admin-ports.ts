import type { Instant } from "@oi/kernel/instant";
import type { Mode, Scope } from "@oi/kernel/scope";
import type { AttemptRow } from "../domain/attempt-row.ts";
import type { Delivery, DeliveryState, DeliveryStatus } from "../domain/delivery.ts";
import type { Backlog, Endpoint } from "../domain/endpoint.ts";
import type { PublicEvent } from "../domain/event.ts";
import type { Recovery, RecoveryScope } from "../domain/recovery.ts";
import type { SecretInfo } from "../domain/rotation.ts";
import type { PoisonEvent, SealedSecret } from "./ports.ts";

/** What operators and applications ask of the service. Every method may raise SERVICE_UNAVAILABLE. */

/** A request that has its effect once: a repeat with the same key gets the same answer. */
export type Once = {
  readonly scope: Scope;
  readonly route: string;
  /** Null: no repeat is recognised. */
  readonly key: string | null;
  /** SHA-256 of what was asked, in hexadecimal. */
  readonly fingerprint: string;
  readonly actor: string;
};

export type Done<T> = {
  readonly value: T;
  /** How long ago the first answer was given; null when this is the first. */
  readonly replayedAfterMs: number | null;
};

export type NewEndpoint = Pick<
  Endpoint,
  "id" | "url" | "hostKey" | "eventTypes" | "schemaVersion" | "description"
>;

export type NewRecovery = {
  readonly endpointId: number;
  readonly scope: RecoveryScope;
  readonly since: Instant | null;
  readonly until: Instant | null;
  readonly eventTypes: readonly string[];
};

/** Rows of one application and mode inside one transaction; what is read is locked until it ends. */
export interface Desk {
  /** The store's clock when the transaction began. */
  readonly now: Instant;
  endpoint(id: number): Promise<Endpoint | null>;
  /** Those not deleted; another transaction that counts waits. */
  countEndpoints(): Promise<number>;
  /** Raises RESOURCE_ALREADY_EXISTS for a URL that another endpoint has. */
  insertEndpoint(endpoint: NewEndpoint): Promise<Endpoint>;
  /** Writes settings and state as the next version. Raises RESOURCE_ALREADY_EXISTS as above. */
  saveEndpoint(endpoint: Endpoint): Promise<Endpoint>;
  /** Newest first. */
  secrets(endpointId: number): Promise<readonly SecretInfo[]>;
  addSecret(endpointId: number, version: number, secret: SealedSecret): Promise<void>;
  /** `at` null: revoked now. */
  endSecret(endpointId: number, version: number, at: Instant | null): Promise<void>;
  /** It has no end any more. */
  prolongSecret(endpointId: number, version: number): Promise<void>;
  /** Locks the endpoint first, as everywhere. */
  delivery(id: number): Promise<{ readonly state: DeliveryState; readonly endpoint: Endpoint } | null>;
  /** Due now: a waiting one keeps its round, any other begins a new one by hand. */
  requeue(id: number): Promise<void>;
  cancel(id: number): Promise<void>;
  addTest(event: PublicEvent, body: string, endpoint: Endpoint): Promise<number>;
  /** Raises INVALID_OPERATION_STATE while another runs at that endpoint. */
  startRecovery(recovery: NewRecovery): Promise<Recovery>;
  recovery(id: number): Promise<Recovery | null>;
  cancelRecovery(id: number): Promise<Recovery>;
  /** Ends what runs at an endpoint. A job is locked before its endpoint: this comes first in its transaction. */
  endRecoveries(endpointId: number): Promise<void>;
}

export interface ChangeDesk {
  /**
   * Runs the work in one transaction, or returns what it returned for the same key before. Values are plain JSON.
   * Raises IDEMPOTENCY_KEY_CONFLICT for a key of another request, IDEMPOTENCY_IN_PROGRESS while the first still runs.
   */
  once<T>(once: Once, work: (desk: Desk) => Promise<T>): Promise<Done<T>>;
}

export type Page<P = number> = { readonly limit: number; readonly after: P | null };

export type EndpointView = Endpoint & { readonly backlog: Backlog };

export type EndpointStats = {
  readonly attempts: number;
  readonly succeeded: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly byOutcome: Readonly<Record<string, number>>;
};

export type KnownSecret = SecretInfo & {
  readonly endpointId: number;
  readonly mode: Mode;
  readonly sealed: SealedSecret;
};

export interface EndpointLog {
  /** Oldest first, from after the id `after`. */
  list(scope: Scope, page: Page): Promise<readonly EndpointView[]>;
  byId(id: number, scope: Scope): Promise<EndpointView | null>;
  stats(id: number, windowMs: number): Promise<EndpointStats>;
  /** Every secret that the application has or had, in both modes. */
  secretsOf(applicationId: number): Promise<readonly KnownSecret[]>;
  recovery(id: number, scope: Scope): Promise<Recovery | null>;
}

export type DeliveryFilter = {
  readonly endpointId: number | null;
  readonly type: string | null;
  readonly status: DeliveryStatus | null;
  readonly eventId: string | null;
  readonly paymentReference: string | null;
  readonly from: Instant | null;
  readonly to: Instant | null;
};

export type AttemptFilter =
  | { readonly deliveryId: number }
  | { readonly endpointId: number }
  | { readonly paymentReference: string };

export type EventRow = {
  readonly id: string;
  readonly type: string;
  readonly paymentReference: string;
  readonly sequence: number;
  readonly occurredAt: Instant;
  readonly body: string;
  /** Where a reader who has seen this event goes on. */
  readonly position: string;
};

/** Something with a place in its list, where the next page goes on. */
export type Placed<T> = T & { readonly position: string };

/** Reads deliveries; a row of another application or mode does not exist. */
export interface DeliveryLog {
  /** Newest first, from before the id `after`. */
  list(scope: Scope, filter: DeliveryFilter, page: Page): Promise<readonly Delivery[]>;
  /** Waiting ones, what is due next first. */
  listDue(scope: Scope, filter: DeliveryFilter, page: Page<string>): Promise<readonly Placed<Delivery>[]>;
  byId(id: number, scope: Scope): Promise<Delivery | null>;
  /** Newest first. */
  attempts(scope: Scope, filter: AttemptFilter, page: Page<string>): Promise<readonly Placed<AttemptRow>[]>;
  /** In the order in which they were committed, from after `after`; one committed late is never skipped. */
  events(scope: Scope, types: readonly string[], page: Page<string>): Promise<readonly EventRow[]>;
}

export type ParkedEvent = PoisonEvent & {
  readonly parkedAt: Instant;
  readonly resolvedAt: Instant | null;
};

export interface ParkedEvents {
  /** Oldest first. */
  list(
    options: { readonly includeResolved: boolean },
    page: Page<string>,
  ): Promise<readonly Placed<ParkedEvent>[]>;
  byId(eventId: string): Promise<ParkedEvent | null>;
}
