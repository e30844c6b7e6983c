import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import type { Env } from "@oi/platform/config/env";
import { type KeptProcess, startKept } from "../infra/kept-process.ts";
import { EXIT, lastLines, StartFailure } from "../infra/start-failure.ts";

export type ServiceSpec = {
  readonly name: string;
  /** What Node runs. */
  readonly script: string;
  readonly env: Env;
  readonly logFile: string;
  /** Answers 503 with its problems, or not at all, until the service can do its work. */
  readonly readyUrl: string;
  /** From SIGTERM to SIGKILL. */
  readonly stopLimitMs: number;
  /** From the first start to readiness. */
  readonly readyLimitMs: number;
};

export type ServiceEvents = {
  /** Nobody stopped it; it is started again. 128 and the number of a signal that ended it. */
  ended(name: string, exitCode: number | null): void;
  returned(name: string): void;
};

export type ServiceProcess = { readonly name: string; pid(): number; stop(): Promise<void> };

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const POLL_MS = 50;
const ANSWER_LIMIT_MS = 2_000;
const FIRST_WAIT_MS = 250;
const LONGEST_WAIT_MS = 10_000;
/** A service that worked for so long has recovered: its next end is a new trouble, not the old one. */
const STEADY_MS = 10_000;

/**
 * Starts a service under a keeper, waits until it is ready, and from then on starts it again whenever it ends although
 * nobody stopped it, ever more slowly while that does not help. Raises StartFailure when it does not become ready.
 */
export async function superviseService(spec: ServiceSpec, events: ServiceEvents): Promise<ServiceProcess> {
  const stopping = new AbortController();
  const { signal } = stopping;
  let current = await launch(spec);
  const problem = await waitUntilReady(spec, current, AbortSignal.timeout(spec.readyLimitMs));
  if (problem !== null) {
    const hadEnded = current.hasExited();
    await current.stop();
    throw neverReady(spec, hadEnded ? current.exitCode() : null, problem);
  }
  const watch = async (): Promise<void> => {
    let waitMs = FIRST_WAIT_MS;
    for (;;) {
      const sinceMs = performance.now();
      await current.exited;
      if (signal.aborted) return;
      events.ended(spec.name, current.exitCode());
      if (performance.now() - sinceMs > STEADY_MS) waitMs = FIRST_WAIT_MS;
      await sleep(waitMs, undefined, { signal }).catch(() => undefined);
      waitMs = Math.min(waitMs * 2, LONGEST_WAIT_MS);
      if (signal.aborted) return;
      current = await launch(spec).catch(() => current);
      if (signal.aborted) return current.stop();
      if ((await waitUntilReady(spec, current, signal)) === null) events.returned(spec.name);
    }
  };
  const watching = watch();
  return {
    name: spec.name,
    pid: () => current.pid,
    stop: async () => {
      stopping.abort();
      await current.stop();
      await watching;
    },
  };
}

/** Its environment holds secrets, so that travels as such and not on a command line. */
function launch({ script, env, logFile, stopLimitMs }: ServiceSpec): Promise<KeptProcess> {
  const command = {
    command: process.execPath,
    args: [script],
    cwd: ROOT,
    logFile,
    stopSignals: [{ signal: "SIGTERM", graceMs: stopLimitMs }] as const,
  };
  return startKept(command, env);
}

/** Null once it is ready; what was missing when it ended or `signal` came first. */
async function waitUntilReady(
  { readyUrl }: ServiceSpec,
  server: KeptProcess,
  signal: AbortSignal,
): Promise<string | null> {
  let problem: string | null = "it does not answer";
  while (!server.hasExited() && !signal.aborted) {
    problem = await readinessProblem(readyUrl);
    if (problem === null) return null;
    await sleep(POLL_MS);
  }
  return problem;
}

async function readinessProblem(url: string): Promise<string | null> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(ANSWER_LIMIT_MS) });
    const text = await response.text();
    if (response.status < 500) return null;
    const { problems } = JSON.parse(text) as { readonly problems?: readonly string[] };
    return problems?.join(", ") || text;
  } catch {
    return "it does not answer";
  }
}

function neverReady(
  { name, logFile, readyLimitMs }: ServiceSpec,
  exitCode: number | null,
  problem: string,
): StartFailure {
  const fix = `see ${logFile}`;
  if (exitCode === null) {
    const what = `${name} is not ready after ${Math.round(readyLimitMs / 1_000)} s`;
    return new StartFailure({ exitCode: EXIT.notReady, what, why: problem, fix });
  }
  const what = `${name} ended before it was ready, with code ${exitCode}`;
  const why = `the last lines of ${logFile}:\n${lastLines(readFileSync(logFile, "utf8"), 10)}`;
  return new StartFailure({ exitCode: EXIT.notReady, what, why, fix: "repair what the log names" });
}
