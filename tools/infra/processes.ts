import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

const POLL_MS = 20;

/** A zombie counts as gone: nobody has fetched its exit code yet, and it holds nothing any more. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
  return statFields(pid)?.[0] !== "Z";
}

/** The command line, to tell a process of ours from another one that was given the same number later. */
export function commandLine(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ").trim();
  } catch {
    return ps(pid, "command=");
  }
}

/** When a process was started, in the system's own terms: together with the number it names one process for ever. */
export function startedAt(pid: number): string {
  return statFields(pid)?.[19] ?? ps(pid, "lstart=");
}

/** Sends the signals one after the other, each with its time, until the process is gone. */
export async function stopProcess(
  pid: number,
  signals: readonly { readonly signal: NodeJS.Signals; readonly graceMs: number }[],
): Promise<boolean> {
  for (const { signal, graceMs } of signals) {
    if (!isAlive(pid)) return true;
    process.kill(pid, signal);
    if (await waitUntilGone(pid, graceMs)) return true;
  }
  return !isAlive(pid);
}

export async function waitUntilGone(pid: number, limitMs: number): Promise<boolean> {
  const deadline = performance.now() + limitMs;
  while (isAlive(pid)) {
    if (performance.now() > deadline) return false;
    await sleep(POLL_MS);
  }
  return true;
}

/** The fields of /proc/<pid>/stat after the command name, which may itself hold spaces. */
function statFields(pid: number): string[] | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  } catch {
    return undefined;
  }
}

function ps(pid: number, column: string): string {
  if (process.platform === "win32" || process.platform === "linux") return "";
  try {
    return execFileSync("ps", ["-o", column, "-p", String(pid)], { encoding: "utf8" }).trim();
  } catch {
    return "";
  }
}
