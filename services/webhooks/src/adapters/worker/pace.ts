import { setTimeout } from "node:timers/promises";

type Work = (signal: AbortSignal) => Promise<"more" | "idle">;

/**
 * Work that keeps a distance to its last turn, unless that left something over. What arrives meanwhile is done
 * together: a statement costs much the same for one row as for ten, and without a pace one busy endpoint would keep the
 * database busy with turns of a few rows each, at the others' cost.
 */
export function paced(gapMs: number, work: Work): Work {
  let nextMs = Number.NEGATIVE_INFINITY;
  return async (signal) => {
    const restMs = nextMs - performance.now();
    if (restMs > 0) await setTimeout(restMs, undefined, { signal }).catch(() => undefined);
    if (signal.aborted) return "idle";
    const next = await work(signal);
    if (next === "idle") nextMs = performance.now() + gapMs;
    return next;
  };
}
