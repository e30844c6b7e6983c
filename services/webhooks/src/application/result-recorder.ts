import type { AttemptResult, DeliveryQueue } from "./ports.ts";

const BATCH = 200;

/** Results on their way to the store: what arrives while one batch is written makes the next one. */
export type ResultRecorder = {
  readonly pending: number;
  add(result: AttemptResult): void;
  /** Writes one batch; "more" while others wait. What could not be written stays for the next call. */
  flush(): Promise<"more" | "idle">;
};

/** Each delivery at most once per batch: a late result of a lost lease may meet the one of the next attempt. */
function takeBatch(waiting: readonly AttemptResult[]): AttemptResult[] {
  const seen = new Set<number>();
  const batch: AttemptResult[] = [];
  for (const result of waiting) {
    if (batch.length === BATCH) break;
    if (seen.has(result.claim.deliveryId)) continue;
    seen.add(result.claim.deliveryId);
    batch.push(result);
  }
  return batch;
}

export function createResultRecorder({
  queue,
  onAdded,
}: {
  readonly queue: Pick<DeliveryQueue, "record">;
  readonly onAdded: () => void;
}): ResultRecorder {
  let waiting: AttemptResult[] = [];
  return {
    get pending() {
      return waiting.length;
    },
    add: (result) => {
      waiting.push(result);
      onAdded();
    },
    flush: async () => {
      if (waiting.length === 0) return "idle";
      const batch = takeBatch(waiting);
      await queue.record(batch);
      const written = new Set(batch);
      waiting = waiting.filter((result) => !written.has(result));
      return waiting.length > 0 ? "more" : "idle";
    },
  };
}
