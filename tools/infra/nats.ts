import { randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type KeptProcess, startKept } from "./kept-process.ts";
import { type Env, findNatsServer } from "./nats-binary.ts";
import { readGreeting } from "./nats-greeting.ts";
import { commandLine, isAlive, stopProcess } from "./processes.ts";
import { EXIT, lastLines, StartFailure } from "./start-failure.ts";

export type NatsOptions = {
  /** Holds the store, the configuration and the log. */
  readonly folder: string;
  /** Asked only after a server left over on the same folder was stopped, which may have held the port. */
  readonly port: () => Promise<number>;
  readonly env: Env;
  /** Removes the folder after the stop, and its parent when that is empty then. */
  readonly isTemporary?: boolean;
  readonly onWait?: (what: string) => void;
};

export type Nats = AsyncDisposable & {
  readonly url: string;
  readonly port: number;
  readonly version: string;
  readonly storeDir: string;
  readonly pid: number;
  readonly exited: Promise<void>;
  /** `keepFolder` leaves a temporary folder for a later start on the same data. */
  stop(options?: { readonly keepFolder: boolean }): Promise<void>;
  /** As a crash would: SIGKILL. */
  kill(): Promise<void>;
};

const START_LIMIT_MS = 15_000;
const POLL_MS = 10;
const PORT_ATTEMPTS = 5;
const SHUTDOWN = [{ signal: "SIGTERM", graceMs: 5_000 }] as const;

/** Starts a nats-server with JetStream of our own; a server that merely happens to run is never used. */
export async function startNats(options: NatsOptions): Promise<Nats> {
  const command = await findNatsServer(options.env, options.onWait);
  mkdirSync(join(options.folder, "store"), { recursive: true, mode: 0o700 });
  await stopLeftOverNats(options.folder);
  for (let attempt = 1; ; attempt++) {
    const port = await options.port();
    const name = `oi-${randomBytes(8).toString("hex")}`;
    writeFileSync(configFile(options.folder), configuration(options.folder, port, name), { mode: 0o600 });
    const server = await launch(command, options);
    const version = await becomesReady(server, port, name);
    if (version !== null) return describe(server, options.folder, port, version);
    await server.stop({ keepFolder: true });
    const log = readLog(options.folder);
    const lostThePort = log.includes("address already in use");
    if (!lostThePort || attempt === PORT_ATTEMPTS) throw startFailure(command, options.folder, log);
  }
}

function describe(server: KeptProcess, folder: string, port: number, version: string): Nats {
  return {
    url: `nats://127.0.0.1:${port}`,
    port,
    version,
    storeDir: join(folder, "store"),
    pid: server.pid,
    exited: server.exited,
    stop: server.stop,
    kill: server.kill,
    [Symbol.asyncDispose]: () => server.stop(),
  };
}

function launch(command: string, { folder, isTemporary }: NatsOptions): Promise<KeptProcess> {
  return startKept({
    command,
    args: ["-c", configFile(folder)],
    cwd: folder,
    logFile: logOf(folder),
    stopSignals: SHUTDOWN,
    ...(isTemporary ? { removeAfter: folder, removesEmptyParent: true } : {}),
  });
}

/** Only what nats-server 2.9 knows. JSON strings are valid strings of this format, whatever a path contains. */
function configuration(folder: string, port: number, name: string): string {
  return [
    `server_name: ${JSON.stringify(name)}`,
    `listen: "127.0.0.1:${port}"`,
    `pid_file: ${JSON.stringify(pidFile(folder))}`,
    "max_payload: 1MB",
    "jetstream {",
    `  store_dir: ${JSON.stringify(join(folder, "store"))}`,
    "  max_memory_store: 64MB",
    "  max_file_store: 4GB",
    "}",
    "",
  ].join("\n");
}

/** Ready is a server that greets with the name we gave it and has JetStream; returns its version. */
async function becomesReady(server: KeptProcess, port: number, name: string): Promise<string | null> {
  const deadline = performance.now() + START_LIMIT_MS;
  while (!server.hasExited() && performance.now() < deadline) {
    const greeting = await readGreeting("127.0.0.1", port);
    if (greeting?.serverName === name && greeting.hasJetStream) return greeting.version;
    await sleep(POLL_MS);
  }
  return null;
}

/** A server whose keeper was killed as well still holds the store; its command line names our configuration. */
export async function stopLeftOverNats(folder: string): Promise<void> {
  if (!existsSync(pidFile(folder))) return;
  const pid = Number(readFileSync(pidFile(folder), "utf8"));
  if (!Number.isInteger(pid) || pid <= 0 || !commandLine(pid).includes(configFile(folder))) return;
  await stopProcess(pid, [...SHUTDOWN, { signal: "SIGKILL", graceMs: 2_000 }]);
  if (!isAlive(pid)) return;
  throw new StartFailure({
    exitCode: EXIT.nats,
    what: "an earlier nats-server does not stop",
    why: `process ${pid} still uses ${folder}`,
    fix: `kill -9 ${pid}, then start again`,
  });
}

function startFailure(command: string, folder: string, log: string): StartFailure {
  const isPort = log.includes("address already in use");
  return new StartFailure({
    exitCode: isPort ? EXIT.port : EXIT.nats,
    what: "nats-server did not start",
    why: `${command}; the last lines of ${logOf(folder)}:\n${lastLines(log, 10)}`,
    fix: isPort
      ? "choose another port: OI_NATS_PORT=…"
      : "repair what the log names (2.9 or newer is needed), or use a running server: NATS_URL=nats://host:4222",
  });
}

const configFile = (folder: string): string => join(folder, "nats-server.conf");
const pidFile = (folder: string): string => join(folder, "nats-server.pid");
const logOf = (folder: string): string => join(folder, "nats-server.log");
const readLog = (folder: string): string =>
  existsSync(logOf(folder)) ? readFileSync(logOf(folder), "utf8") : "(empty)";
