import { type Loop, startLoop } from "@oi/platform/service/loop";
import type { Logger } from "@oi/platform/telemetry/logger";
import type { Sweep } from "../../application/sweep.ts";

const INQUIRIES_EVERY_MS = 250;
const REFUNDS_EVERY_MS = 1_000;
const EXPIRY_EVERY_MS = 1_000;
const UNMATCHED_EVERY_MS = 5_000;
const ANSWERS_EVERY_MS = 600_000;

export type Sweeps = {
  readonly inquiries: Sweep;
  readonly refunds: Sweep;
  readonly expiry: Sweep;
  readonly unmatched: Sweep;
  readonly answers: Sweep;
};

export type SweepLoops = AsyncDisposable & { wakeInquiries(): void; wakeRefunds(): void };

/** Runs the sweeps for as long as the service lives. Waking makes one of them look at its list now. */
export function startSweepLoops(sweeps: Sweeps, log: Logger): SweepLoops {
  const loop = (name: string, everyMs: number, sweep: Sweep): Loop =>
    startLoop({ name, everyMs, log, work: async (signal) => ((await sweep(signal)) ? "more" : "idle") });
  const inquiries = loop("inquiries", INQUIRIES_EVERY_MS, sweeps.inquiries);
  const refunds = loop("refunds", REFUNDS_EVERY_MS, sweeps.refunds);
  const all = [
    inquiries,
    refunds,
    loop("expiry", EXPIRY_EVERY_MS, sweeps.expiry),
    loop("unmatched", UNMATCHED_EVERY_MS, sweeps.unmatched),
    loop("answers", ANSWERS_EVERY_MS, sweeps.answers),
  ];
  return {
    wakeInquiries: inquiries.wake,
    wakeRefunds: refunds.wake,
    [Symbol.asyncDispose]: async () => {
      await Promise.all(all.map((one) => one[Symbol.asyncDispose]()));
    },
  };
}
