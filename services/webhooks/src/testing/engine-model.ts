import type { DeliveryLog } from "../application/admin-ports.ts";
import { judge, type Verdict } from "../domain/attempt.ts";
import { beginProbe, type Fact, type Health, NEW_HEALTH, settle } from "../domain/breaker.ts";
import { type DeliveryState, shownStatus } from "../domain/delivery.ts";
import type { EndpointState } from "../domain/endpoint.ts";
import { MAX_TRIES, WAITS_MS } from "../domain/schedule.ts";

/** What every jitter of a history is. */
export const CHANCE = 0.5;
const AGE_LIMIT_MS = 120 * 3_600_000;

type ModelSecret = { readonly version: number; expiresAt: number; isRevoked: boolean };

export type ModelEndpoint = {
  readonly id: number;
  state: EndpointState;
  health: Health;
  readonly secrets: ModelSecret[];
};

export type ModelDelivery = {
  readonly id: number;
  readonly endpoint: ModelEndpoint;
  state: DeliveryState;
  tries: number;
  attempts: number;
  /** No attempt may start before it. */
  notBefore: number;
  firstDueAt: number;
  lease: { readonly token: string; readonly until: number } | null;
};

export type Model = {
  readonly endpoints: readonly ModelEndpoint[];
  readonly deliveries: Map<number, ModelDelivery>;
};

export function demand(claim: boolean, what: string): asserts claim {
  if (!claim) throw new Error(what);
}

export function newEndpoint(id: number): ModelEndpoint {
  const secrets = [{ version: 1, expiresAt: Number.POSITIVE_INFINITY, isRevoked: false }];
  return { id, state: "ENABLED", health: NEW_HEALTH, secrets };
}

export function activeVersions({ secrets }: ModelEndpoint, now: number): readonly number[] {
  const active = secrets.filter((secret) => !secret.isRevoked && secret.expiresAt > now);
  return active.map(({ version }) => version).sort((a, b) => b - a);
}

export function newDelivery(endpoint: ModelEndpoint, id: number, now: number): ModelDelivery {
  const state = endpoint.state === "DISABLED" ? "SUSPENDED" : "PENDING";
  return { id, endpoint, state, tries: 0, attempts: 0, notBefore: now, firstDueAt: now, lease: null };
}

/** W3, W5 and W7, and the caps: whether this delivery might be claimed now; then it is. */
export function claimIn(
  model: Model,
  delivery: ModelDelivery,
  claim: { readonly attempt: number; readonly tries: number; readonly token: string },
  { now, slackMs, leaseMs }: { readonly now: number; readonly slackMs: number; readonly leaseMs: number },
): void {
  const { endpoint } = delivery;
  const { health } = endpoint;
  const inFlight = [...model.deliveries.values()].filter((d) => d.endpoint === endpoint && d.lease);
  demand(delivery.state === "PENDING", `a ${delivery.state} delivery was claimed`);
  demand(endpoint.state === "ENABLED", `a delivery of a ${endpoint.state} endpoint was claimed`);
  demand(now + slackMs >= delivery.notBefore, `it was claimed ${delivery.notBefore - now} ms early`);
  const isSuspect = health.failStreak > 0 || health.breaker !== "CLOSED";
  demand(inFlight.length < (isSuspect ? 1 : health.cap), `${inFlight.length} are in flight already`);
  demand(health.openUntil === null || now + slackMs >= health.openUntil, "the breaker is open");
  demand(claim.attempt === delivery.attempts + 1, "attempts have a gap");
  demand(claim.tries === delivery.tries + 1 && claim.tries <= MAX_TRIES, "tries are miscounted");
  endpoint.health = beginProbe(health);
  delivery.state = "LEASED";
  delivery.attempts = claim.attempt;
  delivery.tries = claim.tries;
  delivery.lease = { token: claim.token, until: now + leaseMs };
}

/** What a verdict makes of a delivery; W4 and the base wait of W5 on the way. */
export function endIn(delivery: ModelDelivery, token: string, verdict: Verdict, now: number): void {
  const holds = delivery.lease?.token === token;
  const isEnded = delivery.state === "DELIVERED" || delivery.state === "CANCELLED";
  if (isEnded || !(holds || verdict.kind === "DELIVERED")) return;
  delivery.lease = null;
  if (verdict.kind === "RETRY") {
    const base = verdict.isFree ? 0 : (WAITS_MS[delivery.tries] ?? 0);
    demand(verdict.delayMs >= base, "the next try would be early");
    delivery.notBefore = now + verdict.delayMs;
    if (verdict.isFree) delivery.tries -= 1;
  }
  demand(verdict.kind !== "PARKED" || delivery.tries >= MAX_TRIES, "it was parked with tries left");
  delivery.state = verdict.kind === "RETRY" ? "PENDING" : verdict.kind;
}

export function settleIn(endpoint: ModelEndpoint, fact: Fact): void {
  endpoint.health = settle(endpoint.health, fact, 1);
}

/** What the reaper and the repair pass do, and every job to its end. */
export function workIn(model: Model, now: number): void {
  const all = [...model.deliveries.values()];
  for (const delivery of all) {
    if (!delivery.lease || delivery.lease.until >= now) continue;
    const { tries } = delivery;
    const lost = { outcome: "UNKNOWN", retryAfterMs: null, chance: CHANCE, timeScale: 1 } as const;
    endIn(delivery, delivery.lease.token, judge({ ...lost, tries, isTest: false }), now);
  }
  for (const delivery of all) {
    const { endpoint, state, firstDueAt } = delivery;
    if (state === "PENDING" && firstDueAt < now - AGE_LIMIT_MS) delivery.state = "PARKED";
    if (delivery.state === "PENDING" && endpoint.state === "DISABLED") delivery.state = "SUSPENDED";
    if (delivery.state === "SUSPENDED" && endpoint.state !== "DISABLED") requeueIn(delivery, now);
  }
}

export function requeueIn(delivery: ModelDelivery, now: number): void {
  delivery.notBefore = now;
  if (delivery.state === "PENDING") return;
  Object.assign(delivery, { state: "PENDING", tries: 0, firstDueAt: now });
}

/** Whether the store shows what the model knows. */
export function compareDeliveries(model: Model, shown: Awaited<ReturnType<DeliveryLog["list"]>>): void {
  demand(shown.length === model.deliveries.size, `${shown.length} rows, not ${model.deliveries.size}`);
  for (const { id, status, attempts, nextAttemptAt } of shown) {
    const known = model.deliveries.get(id);
    const wanted = known && shownStatus(known.state, known.endpoint.state);
    demand(status === wanted, `delivery ${id} is ${status}, not ${wanted}`);
    demand(attempts === known?.attempts, `delivery ${id} has ${attempts} attempts, not ${known?.attempts}`);
    demand(status === "PENDING" || nextAttemptAt === null, `delivery ${id} is ${status} and due`);
  }
}
