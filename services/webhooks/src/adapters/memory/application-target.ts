import { retarget, type Target } from "../../domain/endpoint.ts";
import type { MemoryWorld } from "./world.ts";

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

export function followTarget(world: MemoryWorld, applicationId: number): void {
  const target = world.targets.get(applicationId)?.target;
  if (!target) return;
  for (const endpoint of world.endpoints.values()) {
    if (endpoint.applicationId !== applicationId || !endpoint.isDefault) continue;
    const aim = retarget(endpoint, target);
    if (aim.url === endpoint.url && aim.state === endpoint.state) continue;
    world.endpoints.set(endpoint.id, {
      ...endpoint,
      ...aim,
      hostKey: target.hostKey,
      version: endpoint.version + 1,
      updatedAt: world.now,
    });
  }
}
