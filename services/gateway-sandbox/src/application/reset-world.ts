import type { References } from "../domain/references.ts";
import type { Scheduler } from "./ports.ts";
import { clearWorld, type World } from "./world.ts";

/**
 * Forgets everything since the start, what is scheduled included. A chosen seed promises the same sequence of references again (`repeats`); a
 * random one goes on, since it must not repeat references that merchants still hold.
 */
export function createResetWorld(ports: {
  readonly world: World;
  readonly scheduler: Scheduler;
  readonly references: References;
  readonly repeats: boolean;
  /** Puts the scenarios of the configuration in force again. */
  readonly loadConfigured: () => void;
}): () => void {
  const { world, scheduler, references, repeats, loadConfigured } = ports;
  return () => {
    scheduler.clear();
    clearWorld(world);
    loadConfigured();
    if (repeats) references.restart();
  };
}
