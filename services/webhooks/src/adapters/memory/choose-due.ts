import type { ClaimLimits } from "../../application/ports.ts";
import type { MemoryWorld, StoredDelivery, StoredEndpoint } from "./world.ts";

const SUSPECT_AFTER_MS = 500;
const SOFT_ORDER_MS = 5_000;

type Leased = StoredDelivery & { readonly lease: NonNullable<StoredDelivery["lease"]> };

function isLeased(row: StoredDelivery): row is Leased {
  return row.lease !== null;
}

function isSuspect(world: MemoryWorld, endpoint: StoredEndpoint, leased: readonly Leased[]): boolean {
  return endpoint.health.failStreak > 0 || leased.some((row) => row.lease.at < world.now - SUSPECT_AFTER_MS);
}

/** An earlier event of the same payment that was not tried yet goes first, for at most five seconds. */
function mustWait(world: MemoryWorld, row: StoredDelivery, chosen: readonly StoredDelivery[]): boolean {
  if (row.firstDueAt < world.now - SOFT_ORDER_MS) return false;
  return [...world.deliveries.values()].some(
    (other) =>
      other.endpointId === row.endpointId &&
      other.aggregate === row.aggregate &&
      other.sequence < row.sequence &&
      ((other.state === "PENDING" && other.attempts === 0) ||
        (other.state === "LEASED" && other.attempts === 1) ||
        chosen.includes(other)),
  );
}

type Room = { leased: number; readonly limit: number };

/** The rules of the database's claim in a shape for small worlds: turn by turn, endpoints served longest ago first. */
export function chooseDue(world: MemoryWorld, limits: ClaimLimits): readonly StoredDelivery[] {
  const all = [...world.deliveries.values()];
  const leased = all.filter(isLeased);
  const rooms = new Map<string, Room>();
  const endpointOf = (row: StoredDelivery): StoredEndpoint | undefined => world.endpoints.get(row.endpointId);
  const count = (is: (endpoint: StoredEndpoint) => boolean): number =>
    leased.filter((row) => {
      const endpoint = endpointOf(row);
      return endpoint !== undefined && is(endpoint);
    }).length;
  const room = (key: string, limit: number, is: (endpoint: StoredEndpoint) => boolean): Room => {
    const known = rooms.get(key) ?? { leased: count(is), limit };
    rooms.set(key, known);
    return known;
  };
  const roomsOf = (endpoint: StoredEndpoint): Room[] => {
    const own = leased.filter((row) => row.endpointId === endpoint.id);
    const suspect = isSuspect(world, endpoint, own);
    const { applicationId: app, mode, hostKey } = endpoint;
    return [
      room(
        `endpoint ${endpoint.id}`,
        suspect || endpoint.health.breaker !== "CLOSED" ? 1 : endpoint.health.cap,
        (e) => e.id === endpoint.id,
      ),
      room(`host ${hostKey}`, limits.hostCap, (e) => e.hostKey === hostKey),
      room(
        `app ${app} ${mode}`,
        limits.applicationCaps[app] ?? limits.applicationCap,
        (e) => e.applicationId === app && e.mode === mode,
      ),
      ...(mode === "TEST" ? [room("test", limits.testSlots, () => false)] : []),
      ...(suspect ? [room("suspects", limits.suspectSlots, (e) => e.health.failStreak > 0)] : []),
    ];
  };
  const due = all
    .filter((row) => row.state === "PENDING" && row.nextAt <= world.now)
    .sort((a, b) => a.nextAt - b.nextAt || a.id - b.id);
  const sendable = [...world.endpoints.values()]
    .filter((endpoint) => endpoint.state === "ENABLED" && endpoint.url !== null)
    .filter(({ health }) => health.breaker === "CLOSED" || (health.openUntil ?? 0) <= world.now)
    .sort((a, b) => a.lastServed - b.lastServed || a.id - b.id);
  const chosen: StoredDelivery[] = [];
  for (let isProgress = true; isProgress && chosen.length < limits.slots; ) {
    isProgress = false;
    for (const endpoint of sendable) {
      const needed = roomsOf(endpoint);
      const next = due.find(
        (row) => row.endpointId === endpoint.id && !chosen.includes(row) && !mustWait(world, row, chosen),
      );
      if (!next || chosen.length === limits.slots || needed.some((r) => r.leased >= r.limit)) continue;
      for (const r of needed) r.leased += 1;
      chosen.push(next);
      isProgress = true;
    }
  }
  return chosen;
}
