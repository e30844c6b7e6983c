import { type AttemptDelivery, giveBack } from "./attempt-delivery.ts";
import type { Claim, ClaimLimits, DeliveryQueue, Job, Stopwatch } from "./ports.ts";
import type { ResultRecorder } from "./result-recorder.ts";

const CLAIM_LIMIT = 64;

/** `slots` and `testSlots` are what the process may have in flight, not what one claim may take. */
export type DispatchLimits = ClaimLimits;

export type Dispatcher = {
  /** Claims what fits into the free slots and starts it; "more" when there may be more to claim at once. */
  turn(): Promise<"more" | "idle">;
  /** Resolves when everything that was started has its result. */
  settled(): Promise<void>;
};

type Ports = {
  readonly queue: DeliveryQueue;
  readonly recorder: ResultRecorder;
  readonly attempt: AttemptDelivery;
  readonly stopwatch: Stopwatch;
  readonly limits: DispatchLimits;
};

/** Keeps slots busy: a slot is taken from the claim until the result is written. */
export function createDispatcher({ queue, recorder, attempt, stopwatch, limits }: Ports): Dispatcher {
  const inFlight = new Map<Job, Promise<void>>();

  const start = (job: Job, answeredAtMs: number): void => {
    const sent = attempt(job, answeredAtMs)
      .then(recorder.add, () => recorder.add(giveBack(job, job.endpointId)))
      .finally(() => inFlight.delete(job));
    inFlight.set(job, sent);
  };

  /** Claims that cannot be loaded are given back: without this they would wait for their lease to run out. */
  const loadOrGiveBack = async (claims: readonly Claim[]): Promise<readonly Job[]> => {
    try {
      const jobs = await queue.load(claims);
      const loaded = new Set(jobs.map((job) => job.token));
      for (const claim of claims) if (!loaded.has(claim.token)) recorder.add(giveBack(claim, 0));
      return jobs;
    } catch (error) {
      for (const claim of claims) recorder.add(giveBack(claim, 0));
      throw error;
    }
  };

  return {
    turn: async () => {
      const free = limits.slots - inFlight.size - recorder.pending;
      const tests = [...inFlight.keys()].filter((job) => job.mode === "TEST").length;
      const slots = Math.min(free, CLAIM_LIMIT);
      if (slots <= 0) return "idle";
      const claims = await queue.claim({
        ...limits,
        slots,
        testSlots: Math.max(0, limits.testSlots - tests),
      });
      if (claims.length === 0) return "idle";
      const answeredAtMs = stopwatch.elapsedMs();
      for (const job of await loadOrGiveBack(claims)) start(job, answeredAtMs);
      return claims.length === slots ? "more" : "idle";
    },
    settled: async () => {
      while (inFlight.size > 0) await Promise.all(inFlight.values());
    },
  };
}
