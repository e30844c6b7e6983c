import { type Loop, startLoop } from "@oi/platform/service/loop";
import type { Logger } from "@oi/platform/telemetry/logger";
import type { Sweep } from "../../application/sweep.ts";

const INQUIRIES_EVERY_MS = 250;
const EXPIRY_EVERY_MS = 1_000;

/** Runs the sweeps for as long as the service lives. `wake` makes the inquiries look at their list now. */
export function startSweepLoops(
  sweeps: { readonly inquiries: Sweep; readonly expiry: Sweep },
  log: Logger,
): AsyncDisposable & { wake(): void } {
  const loop = (name: string, everyMs: number, sweep: Sweep): Loop =>
    startLoop({ name, everyMs, log, work: async (signal) => ((await sweep(signal)) ? "more" : "idle") });
  const inquiries = loop("inquiries", INQUIRIES_EVERY_MS, sweeps.inquiries);
  const expiry = loop("expiry", EXPIRY_EVERY_MS, sweeps.expiry);
  return {
    wake: inquiries.wake,
    [Symbol.asyncDispose]: async () => {
      await Promise.all([inquiries[Symbol.asyncDispose](), expiry[Symbol.asyncDispose]()]);
    },
  };
}
