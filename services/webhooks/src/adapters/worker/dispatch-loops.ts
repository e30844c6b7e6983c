import { setTimeout } from "node:timers/promises";
import { startLoop } from "@oi/platform/service/loop";
import type { Logger } from "@oi/platform/telemetry/logger";
import type { AttemptDelivery } from "../../application/attempt-delivery.ts";
import { createDispatcher, type DispatchLimits } from "../../application/dispatcher.ts";
import type { DeliveryQueue, Stopwatch } from "../../application/ports.ts";
import type { ReapDeliveries } from "../../application/reap-deliveries.ts";
import { createResultRecorder, type ResultRecorder } from "../../application/result-recorder.ts";
import type { RewrapSecrets } from "../../application/rewrap-secrets.ts";
import { paced } from "./pace.ts";

const POLL_MS = 250;
/** Between two claims that found little, and between two records. */
const GAP_MS = 20;
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

type Upkeep = {
  /** Makes room ahead and forgets what is old. */
  readonly keepHouse: () => Promise<void>;
  readonly rewrap: RewrapSecrets;
  readonly log: Logger;
};

async function keepInOrder({ keepHouse, rewrap, log }: Upkeep): Promise<"idle"> {
  await keepHouse();
  const { moved, failed } = await rewrap();
  if (moved > 0) log.info({ secrets: moved }, "secrets are sealed by the first key now");
  if (failed.length > 0) log.error({ secrets: failed }, "secrets open under no key; rotate them");
  return "idle";
}

/** Joins claiming, recording and reaping: a freed slot wakes the claim, a result wakes the recorder. */
export function startDispatchLoops(
  options: Upkeep & {
    readonly queue: DeliveryQueue;
    readonly attempt: AttemptDelivery;
    readonly stopwatch: Stopwatch;
    readonly limits: DispatchLimits;
    readonly reap: ReapDeliveries;
    readonly reapEveryMs: number;
    readonly sender: AsyncDisposable;
  },
): DispatchLoops {
  const { queue, attempt, stopwatch, limits, reap, reapEveryMs, sender, log } = options;
  const recorder = createResultRecorder({ queue, onAdded: () => recording.wake() });
  const dispatcher = createDispatcher({ queue, recorder, attempt, stopwatch, limits });
  const dispatching = startLoop({
    name: "dispatcher",
    everyMs: POLL_MS,
    log,
    work: paced(GAP_MS, dispatcher.turn),
  });
  const recording = startLoop({
    name: "recorder",
    everyMs: POLL_MS,
    log,
    work: paced(GAP_MS, async () => {
      const wasWaiting = recorder.pending > 0;
      const next = await recorder.flush();
      if (wasWaiting) dispatching.wake();
      return next;
    }),
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
    work: () => keepInOrder(options),
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
