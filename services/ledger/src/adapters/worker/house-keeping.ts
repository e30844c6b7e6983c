import { startLoop } from "@oi/platform/service/loop";
import type { Logger } from "@oi/platform/telemetry/logger";
import type { SweepAdjustments } from "../../application/adjust.ts";
import type { Retention } from "../../application/ports.ts";

const ADJUSTMENTS_EVERY_MS = 15_000;
const RETENTION_EVERY_MS = 3_600_000;
/** A few at a time, so that no lock is held for long. */
const FORGET_AT_ONCE = 5_000;

/** Finishes and closes what people left, and forgets what nobody asks about any more, for as long as the service lives. */
export function startHouseKeeping(options: {
  readonly sweepAdjustments: SweepAdjustments;
  readonly retention: Retention;
  readonly log: Logger;
}): AsyncDisposable {
  const { sweepAdjustments, retention, log } = options;
  const adjustments = startLoop({
    name: "adjustments",
    everyMs: ADJUSTMENTS_EVERY_MS,
    log,
    work: async () => {
      const { finished, expired } = await sweepAdjustments();
      if (finished + expired > 0) log.info({ finished, expired }, "adjustments swept");
      return "idle";
    },
  });
  const forgetting = startLoop({
    name: "retention",
    everyMs: RETENTION_EVERY_MS,
    log,
    work: async () => {
      const events = await retention.forgetEvents(FORGET_AT_ONCE);
      if (events > 0) log.info({ events }, "events of the inbox are past their time");
      return events === FORGET_AT_ONCE ? "more" : "idle";
    },
  });
  return {
    [Symbol.asyncDispose]: async () => {
      await Promise.all([adjustments, forgetting].map((loop) => loop[Symbol.asyncDispose]()));
    },
  };
}
