import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type KeptProcess, startKept } from "./kept-process.ts";
import { binary, installedBinaries } from "./postgres-binaries.ts";
import { initialiseCluster } from "./postgres-cluster.ts";
import { commandAs, type Placement, placePostgres } from "./postgres-user.ts";
import { commandLine, isAlive, stopProcess } from "./processes.ts";
import { EXIT, lastLines, StartFailure } from "./start-failure.ts";

export type PostgresOptions = {
  /** Holds the data, the superuser's password and the log. */
  readonly folder: string;
  /** Asked only after a server left over on the same folder was stopped, which may have held the port. */
  readonly port: () => Promise<number>;
  /** `fast` may lose the last commits, or all data, in a crash: for databases that tests throw away. */
  readonly flags: "durable" | "fast";
  /** Removes the folder after the stop, and its parent when that is empty then. */
  readonly isTemporary?: boolean;
  readonly onWait?: (what: string) => void;
};

export type Postgres = AsyncDisposable & {
  /** Of the superuser, to the database `postgres`. */
  readonly adminUrl: string;
  readonly port: number;
  readonly version: string;
  /** Where the data really lies; see {@link placePostgres}. */
  readonly folder: string;
  readonly pid: number;
  readonly exited: Promise<void>;
  stop(): Promise<void>;
};

const START_LIMIT_MS = 60_000;
const POLL_MS = 10;
const PORT_ATTEMPTS = 5;
const FAST_SHUTDOWN = [
  { signal: "SIGINT", graceMs: 15_000 },
  { signal: "SIGQUIT", graceMs: 5_000 },
] as const;
const IMMEDIATE_SHUTDOWN = [{ signal: "SIGQUIT", graceMs: 5_000 }] as const;

/** Starts PostgreSQL on its folder, creating the cluster on the first start and recovering it after a crash. */
export async function startPostgres(options: PostgresOptions): Promise<Postgres> {
  const placement = placePostgres(options.folder, installedBinaries());
  await stopLeftOverPostgres(placement.folder);
  const password = await initialiseCluster(placement, options);
  for (let attempt = 1; ; attempt++) {
    const port = await options.port();
    const server = await launch(placement, options, port);
    if (await becomesReady(server, placement.folder)) return describe(server, placement, port, password);
    await server.stop({ keepFolder: true });
    const log = readLog(placement.folder);
    const lostThePort = log.includes("could not bind");
    if (!lostThePort || attempt === PORT_ATTEMPTS) throw startFailure(placement.folder, log);
  }
}

function describe(server: KeptProcess, placement: Placement, port: number, password: string): Postgres {
  const stop = (): Promise<void> => server.stop();
  return {
    adminUrl: `postgres://postgres:${password}@127.0.0.1:${port}/postgres`,
    port,
    version: placement.binaries.version,
    folder: placement.folder,
    pid: server.pid,
    exited: server.exited,
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

function launch(placement: Placement, options: PostgresOptions, port: number): Promise<KeptProcess> {
  const { folder, runAs, binaries } = placement;
  const data = join(folder, "data");
  return startKept({
    ...commandAs(runAs, binary(binaries, "postgres"), ["-D", data, ...settings(port, options.flags)]),
    cwd: data,
    logFile: logOf(folder),
    stopSignals: options.isTemporary ? IMMEDIATE_SHUTDOWN : FAST_SHUTDOWN,
    ...(options.isTemporary ? { removeAfter: folder, removesEmptyParent: true } : {}),
  });
}

function settings(port: number, flags: "durable" | "fast"): string[] {
  const values: Record<string, string> = {
    listen_addresses: "127.0.0.1",
    port: String(port),
    unix_socket_directories: "",
    max_connections: "200",
    timezone: "UTC",
    log_timezone: "UTC",
    // A start with a new port or a killed keeper must be explainable from the log alone.
    log_line_prefix: "%m [%p] %q%u@%d ",
    ...(flags === "fast" ? { fsync: "off", synchronous_commit: "off", full_page_writes: "off" } : {}),
  };
  return Object.entries(values).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
}

/** PostgreSQL itself writes "ready" into its pid file once it accepts connections; pg_ctl waits for the same line. */
async function becomesReady(server: KeptProcess, folder: string): Promise<boolean> {
  const deadline = performance.now() + START_LIMIT_MS;
  while (!server.hasExited() && performance.now() < deadline) {
    const lines = pidFileLines(folder);
    if (lines[0] === String(server.pid) && lines[7]?.trim() === "ready") return true;
    await sleep(POLL_MS);
  }
  return false;
}

/**
 * A server that outlived its keeper (both were killed, or only the keeper) still holds the data. It is ours when the
 * pid file in our own folder names it and its command line names that folder.
 */
export async function stopLeftOverPostgres(folder: string): Promise<void> {
  const pid = Number(pidFileLines(folder)[0]);
  if (!Number.isInteger(pid) || pid <= 0 || !isAlive(pid)) return;
  if (!commandLine(pid).includes(join(folder, "data"))) {
    // The number went to a stranger after a crash; PostgreSQL would take it for a running server and refuse.
    rmSync(pidFile(folder), { force: true });
    return;
  }
  if (await stopProcess(pid, FAST_SHUTDOWN)) return;
  throw new StartFailure({
    exitCode: EXIT.postgres,
    what: "an earlier PostgreSQL does not stop",
    why: `process ${pid} still uses ${folder}`,
    fix: `kill -9 ${pid}, then start again: the data is recovered`,
  });
}

function startFailure(folder: string, log: string): StartFailure {
  return new StartFailure({
    exitCode: log.includes("could not bind") ? EXIT.port : EXIT.postgres,
    what: "PostgreSQL did not start",
    why: `the last lines of ${logOf(folder)}:\n${lastLines(log, 10)}`,
    fix:
      `${knownFix(log)}\n` +
      "or give databases of your own: PAYMENTS_DATABASE_URL, LEDGER_DATABASE_URL, WEBHOOKS_DATABASE_URL",
  });
}

const KNOWN_FIXES: readonly (readonly [pattern: RegExp, fix: string])[] = [
  [/could not bind/, "choose another port: OI_POSTGRES_PORT=…"],
  [/No space left on device/, "free some disk space: PostgreSQL could not write"],
  [
    /incompatible with server|initialized by PostgreSQL version/,
    "the data is of another PostgreSQL version: npm start -- --reset",
  ],
  [/shared memory/, "give the system more shared memory (/dev/shm), or stop other database servers"],
];

function knownFix(log: string): string {
  return KNOWN_FIXES.find(([pattern]) => pattern.test(log))?.[1] ?? "repair what the log names";
}

const pidFile = (folder: string): string => join(folder, "data", "postmaster.pid");
const logOf = (folder: string): string => join(folder, "postgres.log");
const readLog = (folder: string): string =>
  existsSync(logOf(folder)) ? readFileSync(logOf(folder), "utf8") : "(empty)";

function pidFileLines(folder: string): string[] {
  try {
    return readFileSync(pidFile(folder), "utf8").split("\n");
  } catch {
    return [];
  }
}
