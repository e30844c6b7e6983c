import type { References } from "../domain/references.ts";
import type { Scheduler } from "./ports.ts";
import { clearWorld, type World } from "./world.ts";

/**
 * Forgets everything, what is scheduled included. A chosen seed promises the same sequence of references again (`repeats`); a
 * random one goes on, since it must not repeat references that merchants still hold.
 */
export function createResetWorld(ports: {
  readonly world: World;
  readonly scheduler: Scheduler;
  readonly references: References;
  readonly repeats: boolean;
}): () => void {
  const { world, scheduler, references, repeats } = ports;
  return () => {
    scheduler.clear();
    clearWorld(world);
    if (repeats) references.restart();
  };
}
