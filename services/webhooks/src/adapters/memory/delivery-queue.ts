import { randomUUID } from "node:crypto";
import type { Address, AttemptResult, Claim, DeliveryQueue, Job } from "../../application/ports.ts";
import { beginProbe, settle } from "../../domain/breaker.ts";
import { isActive } from "../../domain/rotation.ts";
import { chooseDue } from "./choose-due.ts";
import { recoverBatch, runningRecovery, startRecovery } from "./recoveries.ts";
import {
  bodyOf,
  changeDelivery,
  type MemoryWorld,
  type StoredAttempt,
  type StoredDelivery,
} from "./world.ts";

function addressOf({ endpointId, applicationId, mode, eventId, kind }: StoredDelivery): Address {
  return { endpointId, applicationId, mode, eventId, kind };
}

function claimOf(row: StoredDelivery, lease: NonNullable<StoredDelivery["lease"]>): Claim {
  return {
    deliveryId: row.id,
    token: lease.token,
    attempt: row.attempts,
    tries: row.tries,
    claimedAt: String(lease.at),
    claimedAtMs: lease.at,
  };
}

function applyIncident(world: MemoryWorld, { incident, endpointId }: AttemptResult): void {
  const endpoint = world.endpoints.get(endpointId);
  if (!incident || !endpoint) return;
  const { incident: what, notice } = incident;
  const { firstFailAt, warned } = endpoint.health;
  if (what.since !== null && what.since !== firstFailAt) return;
  if (what.kind === "WARN") {
    if (warned >= what.level) return;
    world.endpoints.set(endpointId, { ...endpoint, health: { ...endpoint.health, warned: what.level } });
  } else {
    if (endpoint.state !== "ENABLED" && endpoint.state !== "PAUSED") return;
    const disabled = { state: "DISABLED", disabledReason: what.reason } as const;
    world.endpoints.set(endpointId, { ...endpoint, ...disabled, version: endpoint.version + 1 });
  }
  world.outbox.push(notice);
}

function settleEndpoint(world: MemoryWorld, result: AttemptResult): void {
  const endpoint = world.endpoints.get(result.endpointId);
  if (!endpoint || result.endedAt === null) return;
  const { finding, status, totalMs, endedAt: at } = result;
  const health = settle(endpoint.health, { outcome: finding.outcome, status, totalMs, at }, 1);
  world.endpoints.set(endpoint.id, { ...endpoint, health });
  applyIncident(world, result);
}

function settleDelivery(world: MemoryWorld, row: StoredDelivery, result: AttemptResult): void {
  const { verdict, notice, finding, status, startedAt } = result;
  const holdsLease = row.lease?.token === result.claim.token;
  const lateSuccess = verdict.kind === "DELIVERED" && row.state !== "DELIVERED" && row.state !== "CANCELLED";
  if (!holdsLease && !lateSuccess) return;
  const isRetry = verdict.kind === "RETRY";
  changeDelivery(world, row.id, {
    state: isRetry ? "PENDING" : verdict.kind,
    lease: null,
    nextAt: isRetry ? world.now + verdict.delayMs : row.nextAt,
    tries: isRetry && verdict.isFree ? row.tries - 1 : row.tries,
    lastStatus: status ?? row.lastStatus,
    lastError: finding.error,
    lastAttemptAt:
      finding.outcome === "UNKNOWN" ? result.claim.claimedAtMs : (startedAt ?? row.lastAttemptAt),
    deliveredAt: verdict.kind === "DELIVERED" ? world.now : null,
  });
  if (verdict.kind === "PARKED" && notice) world.outbox.push(notice);
}

function recordOne(world: MemoryWorld, result: AttemptResult): void {
  const { claim, finding } = result;
  const at = world.attempts.findIndex((a) => a.deliveryId === claim.deliveryId && a.number === claim.attempt);
  const attempt = world.attempts[at];
  if (attempt && (attempt.outcome === null || attempt.outcome === "UNKNOWN")) {
    const { status, startedAt, endedAt, totalMs, remoteAddress, responseHead, secretVersions } = result;
    const seen = { status, startedAt, endedAt, totalMs, remoteAddress, responseHead, secretVersions };
    world.attempts[at] = { ...attempt, ...seen, ...finding };
  }
  settleEndpoint(world, result);
  const row = world.deliveries.get(claim.deliveryId);
  if (row) settleDelivery(world, row, result);
}

function repairOne(world: MemoryWorld, row: StoredDelivery): boolean {
  const endpoint = world.endpoints.get(row.endpointId);
  if (row.state === "PENDING" && endpoint?.state === "DISABLED") {
    changeDelivery(world, row.id, { state: "SUSPENDED" });
    return true;
  }
  if (endpoint?.state === "DELETED" && (row.state === "PENDING" || row.state === "SUSPENDED")) {
    changeDelivery(world, row.id, { state: "CANCELLED" });
    return true;
  }
  const isOwed = endpoint?.url !== null && (endpoint?.state === "ENABLED" || endpoint?.state === "PAUSED");
  if (row.state === "SUSPENDED" && isOwed && !runningRecovery(world, row.endpointId)) {
    startRecovery(world, {
      endpointId: row.endpointId,
      scope: "SUSPENDED",
      since: null,
      until: null,
      eventTypes: [],
    });
  }
  return false;
}

function jobsOf(world: MemoryWorld, claim: Claim): Job[] {
  const row = world.deliveries.get(claim.deliveryId);
  const endpoint = row && world.endpoints.get(row.endpointId);
  if (!row || !endpoint || endpoint.url === null) return [];
  const body = new TextEncoder().encode(bodyOf(world, row.eventId));
  const secrets = endpoint.secrets.filter((secret) => isActive(secret, world.now));
  return [{ ...claim, ...addressOf(row), url: endpoint.url, body, secrets, health: endpoint.health }];
}

function openAttempt(world: MemoryWorld, row: StoredDelivery, number: number): StoredAttempt {
  const { id: deliveryId, round, kind, endpointId } = row;
  const host = world.endpoints.get(endpointId)?.hostKey ?? "";
  const nothing = { startedAt: null, endedAt: null, outcome: null, status: null, error: null } as const;
  const unsent = { remoteAddress: null, dnsMs: null, firstByteMs: null, totalMs: null } as const;
  const empty = { secretVersions: [], bodySha256: "", responseHead: null, retryAfterSeconds: null } as const;
  const about = { deliveryId, number, round, kind, endpointId, host, claimedAt: world.now };
  return { ...about, ...nothing, ...unsent, ...empty };
}

export function memoryDeliveryQueue(world: MemoryWorld): DeliveryQueue {
  const rows = (): StoredDelivery[] => [...world.deliveries.values()];
  return {
    claim: async (limits) =>
      chooseDue(world, limits).map((row) => {
        const lease = {
          token: randomUUID(),
          worker: limits.worker,
          at: world.now,
          until: world.now + limits.leaseMs,
        };
        const attempts = row.attempts + 1;
        changeDelivery(world, row.id, { state: "LEASED", lease, attempts, tries: row.tries + 1 });
        world.attempts.push(openAttempt(world, row, attempts));
        const endpoint = world.endpoints.get(row.endpointId);
        if (endpoint)
          world.endpoints.set(endpoint.id, {
            ...endpoint,
            lastServed: world.now,
            health: beginProbe(endpoint.health),
          });
        return claimOf({ ...row, attempts, tries: row.tries + 1 }, lease);
      }),
    load: async (claims) => claims.flatMap((claim) => jobsOf(world, claim)),
    record: async (results) => {
      for (const result of results) recordOne(world, result);
    },
    lost: async (limit) =>
      rows()
        .flatMap((row) =>
          row.lease && row.lease.until < world.now
            ? [{ ...claimOf(row, row.lease), ...addressOf(row), now: world.now }]
            : [],
        )
        .slice(0, limit),
    overdue: async (ageLimitMs, limit) =>
      rows()
        .filter((row) => row.state === "PENDING" && row.firstDueAt < world.now - ageLimitMs)
        .slice(0, limit)
        .map((row) => ({
          ...addressOf(row),
          deliveryId: row.id,
          lastError: row.lastError ?? "",
          now: world.now,
        })),
    park: async (notices) => {
      const waiting = notices.filter(
        (notice) => world.deliveries.get(notice.deliveryId)?.state === "PENDING",
      );
      for (const notice of waiting) changeDelivery(world, notice.deliveryId, { state: "PARKED" });
      world.outbox.push(...waiting);
      return waiting.length;
    },
    repair: async (limit) =>
      rows()
        .slice(0, limit)
        .filter((row) => repairOne(world, row)).length,
    recover: async ({ batch, pendingLimit }) => recoverBatch(world, batch, pendingLimit),
  };
}
