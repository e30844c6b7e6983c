import { eventId } from "@oi/kernel/id";
import type { Mode } from "@oi/kernel/scope";
import { createAcceptEvents } from "../application/accept-events.ts";
import type { ChangeDesk, DeliveryLog, EndpointLog, Once, ParkedEvents } from "../application/admin-ports.ts";
import { UNSENT } from "../application/attempt-delivery.ts";
import type {
  AttemptResult,
  Claim,
  ClaimLimits,
  DeliveryQueue,
  EndpointStore,
  EventInbox,
  SecretShelf,
} from "../application/ports.ts";
import type { Verdict } from "../domain/attempt.ts";
import type { Outcome } from "../domain/classify.ts";
import type { Endpoint, Target } from "../domain/endpoint.ts";
import type { EventType } from "../domain/event.ts";

/** One set of stores over the same data, and what a suite needs to look behind them. */
export type Stores = {
  readonly inbox: EventInbox;
  readonly endpoints: EndpointStore;
  readonly queue: DeliveryQueue;
  readonly log: DeliveryLog;
  readonly endpointLog: EndpointLog;
  readonly desk: ChangeDesk;
  readonly parked: ParkedEvents;
  readonly shelf: SecretShelf;
  /** Moves the store's clock, or everything it holds into the past. */
  pass(ms: number): Promise<void>;
  /** Ids of the deliveries whose parking was told. */
  told(): Promise<readonly number[]>;
  /** The kinds of what operators were told about endpoints: `ENDPOINT_FAILING 24`, `ENDPOINT_DISABLED GONE_410`. */
  warnings(): Promise<readonly string[]>;
  /** Outcomes of a delivery's attempts, in order; null while one is open. */
  outcomes(deliveryId: number): Promise<readonly (Outcome | null)[]>;
  poison(): Promise<readonly string[]>;
};

/** Each test works on an application of its own, so one database serves a whole file. */
let applications = 1_000;
let events = 0;

export function nextApplication(): number {
  applications += 1;
  return applications;
}

export function nextEventId(): string {
  events += 1;
  return eventId(1_780_567_200_000, new Uint8Array(new Uint32Array([1, events, 1]).buffer));
}

export function target(host: string): Target {
  return { url: `https://${host}/hook`, hostKey: `${host}:443`, problem: null };
}

export const NO_TARGET: Target = { url: null, hostKey: null, problem: null };
export const BAD_TARGET: Target = {
  url: "http://bad.example/",
  hostKey: null,
  problem: "must begin with https://",
};

const SEALED = { ciphertext: new Uint8Array([1, 2, 3]), nonce: new Uint8Array([4, 5]), kekId: "k1" };

/** An application with both default endpoints; returns the one of `mode`. */
export async function register(
  stores: Stores,
  options: { readonly applicationId?: number; readonly target?: Target; readonly mode?: Mode } = {},
): Promise<Endpoint> {
  const { applicationId = nextApplication(), mode = "LIVE" } = options;
  const [test = 0, live = 0] = await stores.endpoints.reserveIds(2);
  const { endpoints } = await stores.endpoints.commitDefaults({
    applicationId,
    version: 1,
    target: options.target ?? target(`app-${applicationId}.example`),
    endpoints: [
      { id: test, mode: "TEST", secret: SEALED },
      { id: live, mode: "LIVE", secret: SEALED },
    ],
  });
  const endpoint = endpoints.find((e) => e.mode === mode);
  if (!endpoint) throw new Error("the default endpoint was not made");
  return endpoint;
}

type EventOptions = {
  readonly id?: string;
  readonly aggregate?: string;
  readonly sequence?: number;
  readonly type?: EventType;
};

export function arrived(applicationId: number, mode: Mode, options: EventOptions = {}) {
  const id = options.id ?? nextEventId();
  const type = options.type ?? "payment.succeeded";
  return {
    snapshot: '{"payment":{"id":"100"}}',
    event: {
      id,
      subject: `payments.${type}`,
      type,
      applicationId,
      mode,
      aggregate: options.aggregate ?? `pay_${id.slice(4)}`,
      sequence: options.sequence ?? 3,
      occurredAt: 1_780_567_200_123,
      data: { id: 100, reference: "pay_x" },
    },
  };
}

/** Accepts events for an endpoint's application and returns the deliveries' ids, oldest first. */
export async function deliver(
  stores: Stores,
  { applicationId, mode }: Pick<Endpoint, "applicationId" | "mode">,
  ...options: readonly EventOptions[]
): Promise<readonly number[]> {
  const batch = (options.length === 0 ? [{}] : options).map((each) => arrived(applicationId, mode, each));
  await createAcceptEvents(stores.inbox)(batch);
  const wanted = new Set(batch.map(({ event }) => event.id));
  const page = { limit: 10_000, after: null };
  const all = await stores.log.list({ applicationId, mode }, NO_FILTER, page);
  return all
    .filter((delivery) => wanted.has(delivery.eventId))
    .map((delivery) => delivery.id)
    .reverse();
}

export const NO_FILTER = {
  endpointId: null,
  type: null,
  status: null,
  eventId: null,
  paymentReference: null,
  from: null,
  to: null,
};

let keys = 0;

/** A mutation of an endpoint's application; with a key of its own unless one is given. */
export function onceAt(
  { applicationId, mode }: Pick<Endpoint, "applicationId" | "mode">,
  options: { readonly key?: string | null; readonly fingerprint?: string; readonly route?: string } = {},
): Once {
  keys += 1;
  const { key = `key-${keys}`, fingerprint = "00".repeat(32), route = "Test" } = options;
  return { scope: { applicationId, mode }, route, key, fingerprint, actor: "test" };
}

export const WIDE: ClaimLimits = {
  worker: "w1",
  slots: 64,
  testSlots: 64,
  suspectSlots: 64,
  hostCap: 64,
  applicationCap: 64,
  applicationCaps: {},
  leaseMs: 45_000,
};

const ERRORS: Partial<Record<Outcome, "HTTP_STATUS" | "LEASE_LOST" | "LOCAL">> = {
  HTTP: "HTTP_STATUS",
  UNKNOWN: "LEASE_LOST",
  LOCAL: "LOCAL",
};

export function result(
  claim: Claim,
  endpoint: Endpoint,
  options: { readonly outcome: Outcome; readonly verdict: Verdict; readonly status?: number },
): AttemptResult {
  const { outcome, verdict, status = null } = options;
  const { applicationId, mode, id: endpointId } = endpoint;
  const notice = {
    kind: "DELIVERY_PARKED" as const,
    id: nextEventId(),
    deliveryId: claim.deliveryId,
    endpointId,
    applicationId,
    mode,
    eventId: "evt_1",
    lastError: "HTTP_STATUS",
    occurredAt: claim.claimedAtMs,
  };
  return {
    ...UNSENT,
    claim,
    endpointId,
    finding: { outcome, error: ERRORS[outcome] ?? null },
    verdict,
    status,
    startedAt: claim.claimedAtMs + 1,
    endedAt: claim.claimedAtMs + 5,
    ttfbMs: 3,
    totalMs: 4,
    retryAfterMs: null,
    signedAtSeconds: 1,
    secretVersions: [1],
    notice: verdict.kind === "PARKED" ? notice : null,
  };
}

export const DELIVERED = { outcome: "OK", verdict: { kind: "DELIVERED" }, status: 200 } as const;

export function failed(delayMs: number) {
  return { outcome: "HTTP", verdict: { kind: "RETRY", delayMs, isFree: false }, status: 500 } as const;
}
