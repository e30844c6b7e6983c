import { createWriteStream } from "node:fs";
import { join } from "node:path";
import { type Constellation, migrateAll } from "@oi/e2e/constellation";
import type { Surroundings } from "@oi/e2e/environment";
import { createLogger } from "@oi/platform/telemetry/logger";
import { type Infrastructure, resetHome, startInfrastructure } from "../infra/local.ts";
import { commandLine, isAlive, stopProcess } from "../infra/processes.ts";
import { demoApplication } from "./demo-application.ts";
import { type DevFile, devFile } from "./dev-file.ts";
import { asFailure } from "./failure.ts";
import { homeFolder, localSecrets, readJson, removeFile, writePrivateJson } from "./home.ts";
import { helpOf, readOptions, type StartOptions } from "./options.ts";
import { choosePorts } from "./ports.ts";
import { jsonPrinter, type Printer, textPrinter } from "./printer.ts";

export type Processes = Readonly<Record<string, number>>;

/** A constellation, however many processes it has. */
export type Running = Constellation & { readonly processes?: () => Processes };

export type Booting = {
  readonly surroundings: Surroundings;
  readonly options: StartOptions;
  readonly home: string;
  readonly logFile: string;
  readonly note: (text: string) => void;
  /** To be called when {@link Running.processes} has changed. */
  readonly onProcesses: () => void;
};

export type Program = {
  readonly name: "start" | "services";
  /** What a person types. */
  readonly command: string;
  boot(booting: Booting): Promise<Running>;
};

const LEFT_OVER_SIGNALS = [
  { signal: "SIGTERM", graceMs: 10_000 },
  { signal: "SIGKILL", graceMs: 1_000 },
] as const;

const env = process.env;
const write = (line: string): void => void process.stdout.write(line);

/** Runs `npm start` or `npm run services` from the command line to its exit code. */
export async function runProgram(program: Program): Promise<void> {
  const stopping = stopSignal();
  const options = readOptions(program.name, process.argv.slice(2));
  if (options.help) return write(helpOf(program.name));
  const colour = process.stdout.isTTY === true && !env.NO_COLOR && !env.CI;
  const printer = options.json ? jsonPrinter(write) : textPrinter(write, colour);
  const home = homeFolder(env);
  const logFile = join(home, "log", "dev.log");
  if (!options.json) write("OI Payments 1.0.0 · development\n\n");
  try {
    await start({ program, options, printer, home, logFile, stopping });
  } catch (error) {
    const failure = asFailure(error, program.command);
    createLogger({
      service: "start",
      level: "error",
      destination: createWriteStream(logFile, { flags: "a" }),
    }).error({ err: error });
    printer.failure(failure, logFile);
    process.exitCode = failure.exitCode;
  }
}

/** Asked to stop, by the terminal, its closing, or another process. */
function stopSignal(): Promise<string> {
  return new Promise((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => resolve(signal));
  });
}

type Start = {
  readonly program: Program;
  readonly options: StartOptions;
  readonly printer: Printer;
  readonly home: string;
  readonly logFile: string;
  readonly stopping: Promise<string>;
};

async function start({ program, options, printer, home, logFile, stopping }: Start): Promise<void> {
  const fromMs = performance.now();
  const devPath = join(home, "dev.json");
  await stopLeftOvers(readJson<DevFile>(devPath));
  if (options.reset) await forgetAll(home);
  const ports = await timed(
    printer,
    "configuration",
    () => choosePorts(env),
    () => `state in ${home}`,
  );
  await using started = new AsyncDisposableStack();
  const infrastructure = started.use(await startServers(printer, home));
  const { databases, natsUrl, folder } = infrastructure;
  await migrateDatabases(printer, infrastructure);
  const baseUrl = `http://localhost:${ports.edge}`;
  const publicUrl = (env.PUBLIC_URL || baseUrl).replace(/\/+$/, "");
  const surroundings = { databases, natsUrl, ports, publicUrl, env: localEnvironment(folder) };
  let writeDev = (): void => undefined;
  const running = await timed(
    printer,
    "services ready",
    () =>
      program.boot({
        ...{ surroundings, options, home, logFile },
        note: printer.note,
        onProcesses: () => writeDev(),
      }),
    () => "payments ledger webhooks edge gateway-sandbox",
  );
  started.use(running);
  const application = await timed(
    printer,
    "demo data",
    () => demoApplication(folder, running.transports),
    ({ id, name }) => `application ${id} “${name}”`,
  );
  const dev = (): DevFile => devFile({ baseUrl, running, databases, natsUrl, application });
  started.defer(() => forgetDevFile(devPath));
  writeDev = () => writePrivateJson(devPath, dev());
  writeDev();
  printer.ready(dev(), home, performance.now() - fromMs);
  await stopping;
  writeDev = () => undefined;
  printer.note("stopping …");
}

async function timed<T>(
  printer: Printer,
  name: string,
  work: () => Promise<T> | T,
  detail: (result: T) => string,
): Promise<T> {
  const fromMs = performance.now();
  const result = await work();
  printer.step(name, performance.now() - fromMs, detail(result));
  return result;
}

/**
 * Services whose supervisor was killed still drain, or their keeper was killed too; they hold the ports of this home.
 * A supervisor that lives is left alone: the lock of the home says so in words.
 */
async function stopLeftOvers(dev: DevFile | null): Promise<void> {
  if (dev === null || isAlive(dev.pid)) return;
  const ours = Object.entries(dev.processes ?? {}).filter(([name, pid]) =>
    commandLine(pid).endsWith(join("services", name, "src", "main.ts")),
  );
  await Promise.all(ours.map(([, pid]) => stopProcess(pid, LEFT_OVER_SIGNALS)));
}

async function forgetAll(home: string): Promise<void> {
  await resetHome(home);
  for (const file of ["demo.json", "secrets.json"]) removeFile(join(home, file));
}

async function startServers(printer: Printer, home: string): Promise<Infrastructure> {
  const startedMs = new Map<string, number>();
  return startInfrastructure({
    home,
    env,
    onStep: (name, state, detail) => {
      if (state === "started") startedMs.set(name, performance.now());
      if (state === "waiting") printer.waiting(name, detail);
      if (state === "done") printer.step(name, performance.now() - (startedMs.get(name) ?? 0), detail);
    },
    onServer: (name, state) =>
      printer.note(state === "ended" ? `${name} ended unexpectedly; starting it again …` : `${name} is back`),
  });
}

async function migrateDatabases(printer: Printer, { databases }: Infrastructure): Promise<void> {
  await timed(
    printer,
    "migrations",
    () => migrateAll(databases),
    (results) =>
      Object.entries(results)
        .map(([name, { total }]) => `${name} ${total}`)
        .join(" · "),
  );
}

/** What every service is told; a variable that was given overrules ours. */
function localEnvironment(folder: string): Surroundings["env"] {
  const secrets = localSecrets(folder);
  return {
    API_SECRET_PEPPER: secrets.pepper,
    WEBHOOKS_KEKS: secrets.keks,
    // Development delivers to this computer; production refuses to start with an allow-list.
    ...(env.NODE_ENV === "production" ? {} : { WEBHOOKS_EGRESS_ALLOW_CIDRS: "127.0.0.0/8,::1/128" }),
    ...env,
  };
}

/** Another start in the same home may have written its own meanwhile. */
function forgetDevFile(path: string): void {
  if (readJson<DevFile>(path)?.pid === process.pid) removeFile(path);
}
