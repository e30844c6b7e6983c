import { healthAfter } from "../../domain/breaker.ts";
import { retarget, type Target } from "../../domain/endpoint.ts";
import type { MemoryWorld, StoredEndpoint } from "./world.ts";

/** False when a version as new or newer is known. */
export function rememberTarget(
  world: MemoryWorld,
  applicationId: number,
  version: number,
  target: Target,
): boolean {
  const known = world.targets.get(applicationId);
  if (known && known.version >= version) return false;
  world.targets.set(applicationId, { version, target });
  return true;
}

/** A URL that another endpoint has is refused too. */
function judged(world: MemoryWorld, endpoint: StoredEndpoint, target: Target): Target {
  const { id, applicationId, mode } = endpoint;
  const isTaken = [...world.endpoints.values()].some(
    (e) =>
      e.id !== id &&
      e.applicationId === applicationId &&
      e.mode === mode &&
      e.url === target.url &&
      e.hostKey !== null &&
      e.state !== "DELETED",
  );
  return isTaken ? { ...target, hostKey: null, problem: "is another endpoint's" } : target;
}

export function followTarget(world: MemoryWorld, applicationId: number): void {
  const named = world.targets.get(applicationId)?.target;
  if (!named) return;
  for (const endpoint of world.endpoints.values()) {
    if (endpoint.applicationId !== applicationId || !endpoint.isDefault) continue;
    const target = judged(world, endpoint, named);
    const aim = retarget(endpoint, target);
    if (aim.url === endpoint.url && aim.state === endpoint.state && target.hostKey === endpoint.hostKey)
      continue;
    world.endpoints.set(endpoint.id, {
      ...endpoint,
      ...aim,
      hostKey: target.hostKey,
      health: healthAfter(endpoint.health, endpoint, aim),
      version: endpoint.version + 1,
      updatedAt: world.now,
    });
  }
}
