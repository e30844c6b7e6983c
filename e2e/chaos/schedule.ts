import { seeded } from "./random.ts";

export const KILLABLE = ["payments", "ledger", "webhooks", "edge"] as const;
export type Killable = (typeof KILLABLE)[number];

/** What can be broken. */
export const FAULT_KINDS = ["kill", "all", "postgres", "nats", "wipe", "erase", "stop", "term"] as const;
export type FaultKind = (typeof FAULT_KINDS)[number];

/** One thing that is broken on purpose: from a moment of the run on, for so long. */
export type Fault = {
  readonly kind: FaultKind;
  readonly target: Killable | "all" | "postgres" | "nats";
  readonly atMs: number;
  /** How long it stays down or frozen before it is started again. */
  readonly forMs: number;
  /** Whether the next fault waits until everything works again; otherwise it may hit a start half-way. */
  readonly settles: boolean;
};

const PAUSE_MS = [1_500, 5_000] as const;
const SETTLES = 0.75;
const DOWN_MS: Readonly<Record<FaultKind, readonly [number, number]>> = {
  kill: [0, 1_500],
  all: [0, 1_500],
  postgres: [0, 1_000],
  nats: [0, 3_000],
  wipe: [0, 2_000],
  erase: [500, 2_000],
  stop: [1_500, 6_000],
  term: [0, 500],
};

/**
 * One fault after the other for so long; the same seed, length and kinds give the same list. Each kind comes once
 * before one comes twice, so that a short run has seen them too.
 */
export function scheduleOf(seed: number, lengthMs: number, kinds: readonly FaultKind[]): readonly Fault[] {
  const random = seeded(seed);
  const faults: Fault[] = [];
  let left: FaultKind[] = [];
  for (let atMs = random.between(...PAUSE_MS); atMs < lengthMs; ) {
    if (left.length === 0) left = [...kinds];
    const [kind] = left.splice(Math.floor(random.next() * left.length), 1);
    if (kind === undefined) break;
    const forMs = random.between(...DOWN_MS[kind]);
    const service = random.pick(KILLABLE);
    const settles = random.chance(SETTLES);
    const target = targetOf(kind, service);
    faults.push({ kind, target, atMs: Math.round(atMs), forMs: Math.round(forMs), settles });
    atMs += forMs + random.between(...PAUSE_MS);
  }
  return faults;
}

function targetOf(kind: FaultKind, service: Killable): Fault["target"] {
  if (kind === "all" || kind === "postgres" || kind === "nats") return kind;
  return kind === "wipe" || kind === "erase" ? "nats" : service;
}
