import { setTimeout } from "node:timers/promises";
import { startLoop } from "@oi/platform/service/loop";
import type { Logger } from "@oi/platform/telemetry/logger";
import type { AttemptDelivery } from "../../application/attempt-delivery.ts";
import { createDispatcher, type DispatchLimits } from "../../application/dispatcher.ts";
import type { DeliveryQueue, Stopwatch } from "../../application/ports.ts";
import type { ReapDeliveries } from "../../application/reap-deliveries.ts";
import { createResultRecorder, type ResultRecorder } from "../../application/result-recorder.ts";

const POLL_MS = 250;
const RECOVER_EVERY_MS = 500;
const RECOVERY = { batch: 500, pendingLimit: 5_000 };
const HOUSE_EVERY_MS = 3_600_000;
const DRAIN_LIMIT_MS = 15_000;
const FLUSH_TRIES = 5;

/** Wake it after new deliveries; disposing stops claiming and waits for the work in hand. */
export type DispatchLoops = AsyncDisposable & { wake(): void };

/** What cannot be written at the end is left to the reaper of whoever runs next. */
async function flushRest(recorder: ResultRecorder, log: Logger): Promise<void> {
  for (let tries = 0; recorder.pending > 0 && tries < FLUSH_TRIES; tries++) {
    try {
      while ((await recorder.flush()) === "more");
    } catch (error) {
      log.warn({ err: error, results: recorder.pending }, "results are not written yet");
      await setTimeout(200);
    }
  }
}

/** Joins claiming, recording and reaping: a freed slot wakes the claim, a result wakes the recorder. */
export function startDispatchLoops(options: {
  readonly queue: DeliveryQueue;
  readonly attempt: AttemptDelivery;
  readonly stopwatch: Stopwatch;
  readonly limits: DispatchLimits;
  readonly reap: ReapDeliveries;
  readonly reapEveryMs: number;
  /** Makes room ahead and forgets what is old. */
  readonly keepHouse: () => Promise<void>;
  readonly sender: AsyncDisposable;
  readonly log: Logger;
}): DispatchLoops {
  const { queue, attempt, stopwatch, limits, reap, reapEveryMs, keepHouse, sender, log } = options;
  const recorder = createResultRecorder({ queue, onAdded: () => recording.wake() });
  const dispatcher = createDispatcher({ queue, recorder, attempt, stopwatch, limits });
  const dispatching = startLoop({ name: "dispatcher", everyMs: POLL_MS, log, work: dispatcher.turn });
  const recording = startLoop({
    name: "recorder",
    everyMs: POLL_MS,
    log,
    work: async () => {
      const wasWaiting = recorder.pending > 0;
      const next = await recorder.flush();
      if (wasWaiting) dispatching.wake();
      return next;
    },
  });
  const reaping = startLoop({ name: "reaper", everyMs: reapEveryMs, log, work: reap });
  const recovering = startLoop({
    name: "recoveries",
    everyMs: RECOVER_EVERY_MS,
    log,
    work: async () => {
      const next = await queue.recover(RECOVERY);
      if (next === "more") dispatching.wake();
      return next;
    },
  });
  const house = startLoop({
    name: "house-keeping",
    everyMs: HOUSE_EVERY_MS,
    log,
    work: async () => {
      await keepHouse();
      return "idle";
    },
  });
  return {
    wake: () => {
      dispatching.wake();
      recovering.wake();
    },
    [Symbol.asyncDispose]: async () => {
      await Promise.all([dispatching, reaping, recovering, house].map((loop) => loop[Symbol.asyncDispose]()));
      await Promise.race([dispatcher.settled(), setTimeout(DRAIN_LIMIT_MS, undefined, { ref: false })]);
      await recording[Symbol.asyncDispose]();
      await flushRest(recorder, log);
      await sender[Symbol.asyncDispose]();
    },
  };
}
