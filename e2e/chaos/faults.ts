import { rmSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import type { Journal } from "@oi/testkit/journal";
import type { FaultEntry } from "@oi/tools/invariants/journals/journals";
import { type Fault, type FaultKind, KILLABLE } from "./schedule.ts";
import type { World } from "./world.ts";

type Breaking = (world: World, fault: Fault) => Promise<void>;

/** Breaks it, waits, and makes it whole; what it returns from is started, not yet ready. */
const BREAK: Readonly<Record<FaultKind, Breaking>> = {
  kill: async ({ services }, { target, forMs }) => {
    const service = serviceOf(services, target);
    await service.kill();
    await sleep(forMs);
    await service.start();
  },
  all: async ({ services }, { forMs }) => {
    await Promise.all(KILLABLE.map((name) => services[name].kill()));
    await sleep(forMs);
    await Promise.all(KILLABLE.map((name) => services[name].start()));
  },
  postgres: async ({ servers }, { forMs }) => {
    await servers.killPostgres();
    await sleep(forMs);
    await servers.startPostgres();
  },
  nats: async ({ servers: { nats } }, { forMs }) => {
    await nats.kill();
    await sleep(forMs);
    await nats.start();
  },
  wipe: async ({ servers: { nats } }, { forMs }) => {
    await nats.kill();
    nats.wipe();
    await sleep(forMs);
    await nats.start();
  },
  // Under the running server, which notices late; then it crashes.
  erase: async ({ servers: { nats } }, { forMs }) => {
    rmSync(nats.storeDir, { recursive: true, force: true });
    await sleep(forMs);
    await nats.kill();
    await nats.start();
  },
  stop: async ({ services }, { target, forMs }) => {
    const service = serviceOf(services, target);
    service.freeze();
    await sleep(forMs);
    service.thaw();
  },
  term: async ({ services }, { target, forMs }) => {
    const service = serviceOf(services, target);
    await service.terminate();
    await sleep(forMs);
    await service.start();
  },
};

function serviceOf(services: World["services"], target: Fault["target"]) {
  const name = KILLABLE.find((one) => one === target);
  if (!name) throw new Error(`${target} is no service`);
  return services[name];
}

export type FaultRun = {
  readonly world: World;
  readonly schedule: readonly Fault[];
  readonly journal: Journal<FaultEntry>;
  readonly onFault: (fault: Fault, fromMs: number, untilMs: number) => void;
  /** A service ended by itself; it is started again. */
  readonly onSurprise: (what: string) => void;
};

/** Works the list off, each fault at its moment or as soon as the one before it allows; every service is ready again when it returns. */
export async function breakThings(run: FaultRun): Promise<void> {
  const { world, schedule, journal, onFault } = run;
  const zero = performance.now();
  for (const fault of schedule) {
    await sleep(Math.max(0, zero + fault.atMs - performance.now()));
    await revive(run);
    const [from, fromMs] = [Date.now(), performance.now()];
    await BREAK[fault.kind](world, fault);
    journal.write({ kind: fault.kind, target: fault.target, from, until: Date.now() });
    onFault(fault, fromMs, performance.now());
    if (fault.settles) await settle(run);
  }
  await settle(run);
}

async function settle(run: FaultRun): Promise<void> {
  for (let isWhole = false; !isWhole; ) {
    await revive(run);
    const ready = await Promise.all(Object.values(run.world.services).map((service) => service.ready()));
    isWhole = ready.every(Boolean);
  }
}

/** What supervises services in production does this too; here it is worth a word. */
async function revive({ world, onSurprise }: FaultRun): Promise<void> {
  for (const service of Object.values(world.services)) {
    const code = service.endedBy();
    if (code === null) continue;
    onSurprise(`${service.name} ended by itself with ${code}`);
    await service.start();
  }
}
