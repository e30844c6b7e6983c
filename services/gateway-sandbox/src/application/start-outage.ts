import { type Reader, readCount, readListOf, readOneOf, readPartsOf } from "../domain/json-reader.ts";
import { OUTAGE_MODES, type OutageMode } from "../domain/outage.ts";
import { OPERATIONS, type Operation } from "../domain/rule.ts";
import type { Clock } from "./ports.ts";
import type { World } from "./world.ts";

export type OutageRequest = Partial<{
  /** Absent: all operations. */
  readonly ops: readonly Operation[];
  readonly mode: OutageMode;
  /** 0 ends an outage. */
  readonly forMs: number;
}>;

export const readOutageRequest: Reader<OutageRequest> = readPartsOf<OutageRequest>({
  ops: readListOf(readOneOf(OPERATIONS)),
  mode: readOneOf(OUTAGE_MODES),
  forMs: readCount,
});

export type StartOutage = (request: OutageRequest) => {
  readonly ops: readonly Operation[];
  readonly until: number;
};

/** Takes operations down for a while of the simulator's time. */
export function createStartOutage(ports: { readonly world: World; readonly clock: Clock }): StartOutage {
  const { world, clock } = ports;
  return ({ ops = OPERATIONS, mode = "500", forMs = 60_000 }) => {
    const until = clock.now() + forMs;
    for (const op of ops) world.outages.set(op, { mode, until });
    return { ops, until };
  };
}
