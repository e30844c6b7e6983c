import { randomUUID } from "node:crypto";
import type { Address, AttemptResult, Claim, DeliveryQueue, Job } from "../../application/ports.ts";
import { chooseDue } from "./choose-due.ts";
import { changeDelivery, type MemoryWorld, type StoredDelivery } from "./world.ts";

function addressOf({ endpointId, applicationId, mode, eventId }: StoredDelivery): Address {
  return { endpointId, applicationId, mode, eventId };
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

function settleEndpoint(world: MemoryWorld, { endpointId, finding }: AttemptResult): void {
  const endpoint = world.endpoints.get(endpointId);
  if (!endpoint || finding.outcome === "UNKNOWN" || finding.outcome === "LOCAL") return;
  const failStreak = finding.outcome === "OK" ? 0 : endpoint.failStreak + 1;
  world.endpoints.set(endpointId, { ...endpoint, failStreak });
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
  const attempt = world.attempts.find((a) => a.deliveryId === claim.deliveryId && a.n === claim.attempt);
  if (attempt && (attempt.outcome === null || attempt.outcome === "UNKNOWN"))
    attempt.outcome = finding.outcome;
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
  const isOwed = endpoint?.url !== null && (endpoint?.state === "ENABLED" || endpoint?.state === "PAUSED");
  if (row.state !== "SUSPENDED" || !isOwed) return false;
  changeDelivery(world, row.id, { state: "PENDING", tries: 0, nextAt: world.now, firstDueAt: world.now });
  return true;
}

function jobsOf(world: MemoryWorld, claim: Claim): Job[] {
  const row = world.deliveries.get(claim.deliveryId);
  const endpoint = row && world.endpoints.get(row.endpointId);
  if (!row || !endpoint || endpoint.url === null) return [];
  const body = new TextEncoder().encode(world.bodies.get(row.eventId) ?? "");
  return [{ ...claim, ...addressOf(row), url: endpoint.url, body, secrets: endpoint.secrets }];
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
        world.attempts.push({ deliveryId: row.id, n: attempts, outcome: null });
        const endpoint = world.endpoints.get(row.endpointId);
        if (endpoint) world.endpoints.set(endpoint.id, { ...endpoint, lastServed: world.now });
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
  };
}
