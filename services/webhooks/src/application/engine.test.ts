import { test } from "@fast-check/vitest";
import { runHistory } from "../testing/engine.ts";
import { histories } from "../testing/engine-steps.ts";
import { openMemoryStores } from "../testing/memory-stores.ts";

const RUNS = Number(process.env.HISTORIES ?? 1_000);

test.prop([histories], { numRuns: RUNS })(
  "does what its model says over every history, and everything ends",
  (history) => runHistory(openMemoryStores(), { runsByItself: false, slackMs: 0 }, history),
  120_000,
);
