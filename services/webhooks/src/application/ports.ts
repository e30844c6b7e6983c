import type { Instant } from "@oi/kernel/instant";
import type { Mode } from "@oi/kernel/scope";
import type { Verdict } from "../domain/attempt.ts";
import type { Health } from "../domain/breaker.ts";
import type { Finding } from "../domain/classify.ts";
import type { DeliveryKind } from "../domain/delivery.ts";
import type { Endpoint, Target } from "../domain/endpoint.ts";
import type { PublicEvent } from "../domain/event.ts";
import type { Incident } from "../domain/incident.ts";
import type { DeliveryParked, Notice } from "../domain/notice.ts";

/** Every store's methods may raise SERVICE_UNAVAILABLE and DEADLINE_EXCEEDED. */

export type Fanout = {
  readonly event: PublicEvent;
  /** The producer's own message, from which another rendering could be made one day. */
  readonly snapshot: string;
  /** The filter entries that take the event's type. */
  readonly patterns: readonly string[];
  readonly body: string;
};

export type FanoutResult = { readonly events: number; readonly deliveries: number };

export type TargetChange = {
  readonly eventId: string;
  readonly subject: string;
  readonly applicationId: number;
  /** The application's version; an older one than the known changes nothing. */
  readonly version: number;
  readonly target: Target;
};

export type PoisonEvent = {
  readonly eventId: string;
  readonly subject: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly payload: string;
  readonly reason: "UNDECODABLE" | "FAILED_TOO_OFTEN";
  readonly error: string;
  readonly deliveries: number;
};

/** Events from the stream, each applied once however often it arrives. */
export interface EventInbox {
  /** For events not seen before, in one change: the event, its frozen body, one delivery per endpoint that takes it. */
  commitFanout(fanouts: readonly Fanout[]): Promise<FanoutResult>;
  /** Points the application's default endpoints at a target; false when the event or a newer version was seen. */
  commitTarget(change: TargetChange): Promise<boolean>;
  /** Puts an event aside that cannot be applied; false when it was seen before. */
  park(event: PoisonEvent): Promise<boolean>;
}

/** A secret as it is stored. */
export type SealedSecret = {
  readonly ciphertext: Uint8Array;
  readonly nonce: Uint8Array;
  readonly kekId: string;
};

/** What a secret is bound to: a row copied to another endpoint does not open. */
export type SecretContext = {
  readonly endpointId: number;
  readonly version: number;
  readonly algorithm: "v1";
};

export type NewDefault = { readonly id: number; readonly mode: Mode; readonly secret: SealedSecret };

export type DefaultsChange = {
  readonly applicationId: number;
  readonly version: number;
  readonly target: Target;
  /** Made only when the application has none. */
  readonly endpoints: readonly NewDefault[];
};

export interface EndpointStore {
  /** The application's default endpoints, TEST first; empty before they were made. */
  defaults(applicationId: number): Promise<readonly Endpoint[]>;
  reserveIds(count: number): Promise<readonly number[]>;
  /** Makes the endpoints with their secrets or, when they exist, only applies a newer target. One change. */
  commitDefaults(change: DefaultsChange): Promise<{ created: boolean; endpoints: readonly Endpoint[] }>;
}

export type ClaimLimits = {
  readonly worker: string;
  readonly slots: number;
  readonly testSlots: number;
  readonly suspectSlots: number;
  readonly hostCap: number;
  readonly applicationCap: number;
  /** Caps of single applications instead of the common one, by application id. */
  readonly applicationCaps: Readonly<Record<string, number>>;
  readonly leaseMs: number;
};

/** The right to send one delivery now; `token` proves it when the result comes back. */
export type Claim = {
  readonly deliveryId: number;
  readonly token: string;
  readonly attempt: number;
  /** Tries used up in this round, this one included. */
  readonly tries: number;
  /** Exact text of the database's time: part of the attempt's key, never through a clock of ours. */
  readonly claimedAt: string;
  readonly claimedAtMs: Instant;
};

/** Whose delivery it is: everything but what is sent. */
export type Address = {
  readonly endpointId: number;
  readonly applicationId: number;
  readonly mode: Mode;
  readonly eventId: string;
  readonly kind: DeliveryKind;
};

export type StoredSecret = SealedSecret & { readonly version: number };

/** A claim with what is to be sent. Loaded anew for every attempt, so a revoked secret stops at once. */
export type Job = Claim &
  Address & {
    readonly url: string;
    readonly body: Uint8Array;
    readonly secrets: readonly StoredSecret[];
    /** As it was when the delivery was loaded; what follows from it is checked again when it is recorded. */
    readonly health: Pick<Health, "firstFailAt" | "failCount" | "warned">;
  };

/** Takes effect only if the endpoint is still as the incident says. */
export type ReportedIncident = { readonly incident: Incident; readonly notice: Notice };

export type AttemptResult = {
  readonly claim: Claim;
  readonly endpointId: number;
  readonly finding: Finding;
  readonly verdict: Verdict;
  readonly status: number | null;
  readonly startedAt: Instant | null;
  readonly endedAt: Instant | null;
  readonly ttfbMs: number | null;
  readonly totalMs: number | null;
  readonly retryAfterMs: number | null;
  readonly signedAtSeconds: number | null;
  readonly secretVersions: readonly number[];
  readonly signature: string | null;
  /** Hexadecimal. */
  readonly bodySha256: string | null;
  readonly remoteAddress: string | null;
  readonly dnsMs: number | null;
  /** The beginning of the answer, masked. */
  readonly responseHead: string | null;
  readonly incident: ReportedIncident | null;
  /** Published only if the verdict takes effect; present when that is PARKED. */
  readonly notice: DeliveryParked | null;
};

export type LostLease = Claim & Address & { readonly now: Instant };
export type OverdueDelivery = Address & {
  readonly deliveryId: number;
  readonly lastError: string;
  readonly now: Instant;
};

/** Deliveries that wait. All times are the store's own clock. */
export interface DeliveryQueue {
  /** Leases due deliveries, the endpoint served longest ago first, within every cap. */
  claim(limits: ClaimLimits): Promise<readonly Claim[]>;
  /** What to send for each claim; a claim whose endpoint is gone is left out. */
  load(claims: readonly Claim[]): Promise<readonly Job[]>;
  /** Closes the attempts. A delivery changes only for its current token, except that a 2xx always wins. */
  record(results: readonly AttemptResult[]): Promise<void>;
  /** Leases that ran out: their worker died or is too late. */
  lost(limit: number): Promise<readonly LostLease[]>;
  /** Waiting deliveries older than the limit. */
  overdue(ageLimitMs: number, limit: number): Promise<readonly OverdueDelivery[]>;
  /** Parks those that still wait. */
  park(notices: readonly DeliveryParked[]): Promise<number>;
  /** Brings waiting and suspended rows in line with the states of their endpoints; returns how many moved. */
  repair(limit: number): Promise<number>;
  /** Moves one batch of a recovery that runs; "more" when there is more to do at once. */
  recover(limits: { readonly batch: number; readonly pendingLimit: number }): Promise<"more" | "idle">;
}

/** A secret as it lies in its row. */
export type ShelvedSecret = SecretContext & { readonly sealed: SealedSecret };

/** All secrets as they are stored, for moving them from one key to another. */
export interface SecretShelf {
  /** Those that another key than `kekId` sealed, by endpoint and version, from after `after`. */
  sealedByOthers(
    kekId: string,
    page: { readonly after: SecretContext | null; readonly limit: number },
  ): Promise<readonly ShelvedSecret[]>;
  /** Puts another sealing of the same secret in the place of `before`; false when that is no longer there. */
  replace(before: ShelvedSecret, sealed: SealedSecret): Promise<boolean>;
}

export interface SecretBox {
  /** The key that seals. */
  readonly kekId: string;
  seal(secret: string, context: SecretContext): SealedSecret;
  /** Raises for a secret that was sealed for another context or by an unknown key. */
  open(sealed: SealedSecret, context: SecretContext): string;
}

export interface WebhookSigner {
  /** `whsec_` and base64 of 32 random bytes. */
  newSecret(): string;
  /** The value of `webhook-signature`, one entry per secret, and the hash of the bytes that were signed. */
  sign(attempt: {
    readonly eventId: string;
    readonly timestampSeconds: number;
    readonly body: Uint8Array;
    readonly secrets: readonly string[];
  }): { readonly signature: string; readonly bodySha256: string };
}

export interface TargetPolicy {
  /** By the URL alone. */
  assess(url: string | null): Target;
  /** Also by what its name resolves to now, which takes a moment. A name that does not resolve is no problem yet. */
  examine(url: string): Promise<Target>;
}

export type Answer = {
  readonly finding: Finding;
  readonly status: number | null;
  /** The header's text as it came. */
  readonly retryAfter: string | null;
  readonly ttfbMs: number | null;
  readonly totalMs: number;
  readonly dnsMs: number | null;
  /** Where the bytes went; null when none did. */
  readonly remoteAddress: string | null;
  /** The beginning of the answer's body, as it came. */
  readonly responseHead: string | null;
};

/** Sends one request and never raises: whatever goes wrong is an answer. */
export interface WebhookSender {
  send(request: {
    readonly url: string;
    readonly headers: Readonly<Record<string, string>>;
    readonly body: Uint8Array;
  }): Promise<Answer>;
}

/** Time since some fixed moment, which no change of the wall clock moves. */
export interface Stopwatch {
  elapsedMs(): number;
}

/** From 0 to 1, uniform. */
export type Chance = () => number;

/** A new event id for a fact of that moment. */
export type NextEventId = (now: Instant) => string;
