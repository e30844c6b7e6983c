import { readdirSync, readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";

/** Process ids by the name under which their time is added up. */
export type Groups = Readonly<Record<string, readonly number[]>>;
/** Milliseconds of CPU by name. */
export type CpuTimes = Readonly<Record<string, number>>;

/** The kernel counts in hundredths of a second on every Linux that Node runs on. */
const TICK_MS = 10;
const WINDOW_MS = 300;
/** A service that waits still looks for work a few times a second. */
const QUIET_SHARE = 0.2;

type Stat = { readonly parent: number; readonly ownMs: number; readonly withEndedMs: number };

/** Null for a process that is gone. */
function statOf(pid: number | string): Stat | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = stat
      .slice(stat.lastIndexOf(")") + 2)
      .split(" ")
      .map(Number);
    const [user = 0, system = 0, endedUser = 0, endedSystem = 0] = fields.slice(11, 15);
    const ownMs = (user + system) * TICK_MS;
    return { parent: fields[1] ?? 0, ownMs, withEndedMs: ownMs + (endedUser + endedSystem) * TICK_MS };
  } catch {
    return null;
  }
}

export function cpuTimes(groups: Groups): CpuTimes {
  const sum = (pids: readonly number[]): number =>
    pids.reduce((total, pid) => total + (statOf(pid)?.ownMs ?? 0), 0);
  return Object.fromEntries(Object.entries(groups).map(([name, pids]) => [name, sum(pids)]));
}

/** A server that works in processes of its own, like PostgreSQL: those that live, and what ended ones have used. */
export function cpuOfFamily(pid: number): number {
  const children = readdirSync("/proc").filter((entry) => /^\d+$/.test(entry));
  return children.reduce((total, child) => {
    const stat = statOf(child);
    return stat?.parent === pid ? total + stat.ownMs : total;
  }, statOf(pid)?.withEndedMs ?? 0);
}

/** Everything that this machine's processors have done, whoever asked for it. */
export function cpuOfMachine(): number {
  const [, ...fields] = (readFileSync("/proc/stat", "utf8").split("\n")[0] ?? "").split(/\s+/);
  const [user = 0, nice = 0, system = 0, , , irq = 0, softIrq = 0] = fields.map(Number);
  return (user + nice + system + irq + softIrq) * TICK_MS;
}

export function since(before: CpuTimes, after: CpuTimes): CpuTimes {
  return Object.fromEntries(Object.entries(after).map(([name, ms]) => [name, ms - (before[name] ?? 0)]));
}

export const total = (times: CpuTimes): number => Object.values(times).reduce((sum, ms) => sum + ms, 0);

/** Waits until work that was left over is done, so that it does not disturb the next round. */
export async function waitUntilQuiet(read: () => CpuTimes, limitMs: number): Promise<void> {
  const deadline = performance.now() + limitMs;
  for (let before = total(read()); performance.now() < deadline; ) {
    await sleep(WINDOW_MS);
    const now = total(read());
    if (now - before < WINDOW_MS * QUIET_SHARE) return;
    before = now;
  }
}

/** How much of the machine somebody else used. */
export function shareOfOthers(machineMs: number, oursMs: number, elapsedMs: number): number {
  return Math.max(0, machineMs - oursMs) / (elapsedMs * availableParallelism());
}
