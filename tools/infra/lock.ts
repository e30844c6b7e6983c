import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { isAlive, startedAt } from "./processes.ts";
import { EXIT, StartFailure } from "./start-failure.ts";

type Holder = { readonly pid: number; readonly startedAt: string };

/**
 * Claims a home folder for this process: two constellations on the same data would fight over ports, databases and
 * streams. A lock whose process is gone is taken over.
 */
export function lockHome(home: string): Disposable {
  mkdirSync(home, { recursive: true });
  const path = join(home, "lock");
  const mine = `${path}.${process.pid}`;
  writeFileSync(mine, JSON.stringify({ pid: process.pid, startedAt: startedAt(process.pid) }), {
    mode: 0o600,
  });
  try {
    while (!claim(mine, path)) removeStale(path, home);
  } finally {
    rmSync(mine, { force: true });
  }
  return {
    [Symbol.dispose]: () => {
      if (readHolder(path)?.pid === process.pid) rmSync(path, { force: true });
    },
  };
}

/** A hard link appears with its content or not at all, so nobody ever reads half a lock. */
function claim(mine: string, path: string): boolean {
  try {
    linkSync(mine, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

function removeStale(path: string, home: string): void {
  const holder = readHolder(path);
  if (holder && holder.pid !== process.pid && isHeld(holder)) throw heldBy(holder, home);
  // Renamed before it is removed: of two starters that both saw the stale lock, only one moves it away.
  const aside = `${path}.stale.${process.pid}`;
  try {
    renameSync(path, aside);
  } catch {
    return;
  }
  const moved = readHolder(aside);
  if (moved && moved.pid !== holder?.pid && isHeld(moved)) linkSync(aside, path);
  rmSync(aside, { force: true });
}

function isHeld(holder: Holder): boolean {
  return isAlive(holder.pid) && startedAt(holder.pid) === holder.startedAt;
}

function readHolder(path: string): Holder | null {
  try {
    return JSON.parse(readFileSync(path, "utf8")) as Holder;
  } catch {
    return null;
  }
}

function heldBy(holder: Holder, home: string): StartFailure {
  return new StartFailure({
    exitCode: EXIT.port,
    what: "OI Payments already runs here",
    why: `process ${holder.pid} uses ${home}`,
    fix: `stop it (kill ${holder.pid}), or start a second one beside it: OI_HOME=another-folder npm start`,
  });
}
