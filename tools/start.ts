import { createWriteStream } from "node:fs";
import { join } from "node:path";
import { type Constellation, migrateAll, startConstellation } from "@oi/e2e/constellation";
import { ConfigError } from "@oi/platform/config/env";
import { MigrationError } from "@oi/platform/postgres/migrate";
import { createLogger } from "@oi/platform/telemetry/logger";
import { type Infrastructure, resetHome, startInfrastructure } from "./infra/local.ts";
import { EXIT, StartFailure } from "./infra/start-failure.ts";
import { demoApplication } from "./start/demo-application.ts";
import { type DevFile, devFile } from "./start/dev-file.ts";
import { homeFolder, localSecrets, readJson, removeFile, writePrivateJson } from "./start/home.ts";
import { HELP, readOptions, type StartOptions } from "./start/options.ts";
import { choosePorts, type Ports } from "./start/ports.ts";
import { jsonPrinter, type Printer, textPrinter } from "./start/printer.ts";

const env = process.env;

/** Asked to stop, by the terminal, its closing, or another process. */
const stopping = new Promise<string>((resolve) => {
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => resolve(signal));
});

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

type Started = { readonly constellation: Constellation; readonly baseUrl: string };

async function startServices(
  infrastructure: Infrastructure,
  ports: Ports,
  options: StartOptions,
  folder: string,
  logFile: string,
): Promise<Started> {
  const destination = createWriteStream(logFile, { flags: "a" });
  const baseUrl = `http://localhost:${ports.edge}`;
  const secrets = localSecrets(folder);
  const constellation = await startConstellation({
    databases: infrastructure.databases,
    natsUrl: infrastructure.natsUrl,
    publicUrl: (env.PUBLIC_URL || baseUrl).replace(/\/+$/, ""),
    transport: options.transport,
    ports: {
      edge: ports.edge,
      edgeOps: ports.edgeOps,
      sandbox: ports.sandbox,
      grpc: { payments: ports.paymentsGrpc, ledger: ports.ledgerGrpc, webhooks: ports.webhooksGrpc },
      http: { payments: ports.paymentsHttp, ledger: ports.ledgerHttp, webhooks: ports.webhooksHttp },
    },
    env: {
      API_SECRET_PEPPER: secrets.pepper,
      WEBHOOKS_KEKS: secrets.keks,
      // Development delivers to this computer; production refuses to start with an allow-list.
      ...(env.NODE_ENV === "production" ? {} : { WEBHOOKS_EGRESS_ALLOW_CIDRS: "127.0.0.0/8,::1/128" }),
      ...env,
    },
    log: (service) => createLogger({ service, level: env.LOG_LEVEL || "info", destination }),
  });
  return { constellation, baseUrl };
}

async function start(options: StartOptions, printer: Printer, home: string, logFile: string): Promise<void> {
  const fromMs = performance.now();
  if (options.reset) {
    await resetHome(home);
    for (const file of ["demo.json", "secrets.json"]) removeFile(join(home, file));
  }
  const ports = await timed(
    printer,
    "configuration",
    () => choosePorts(env),
    () => `state in ${home}`,
  );
  await using started = new AsyncDisposableStack();
  const devPath = join(home, "dev.json");
  const infrastructure = started.use(await startServers(printer, home));
  const { folder } = infrastructure;
  await timed(
    printer,
    "migrations",
    () => migrateAll(infrastructure.databases),
    (results) =>
      Object.entries(results)
        .map(([name, { total }]) => `${name} ${total}`)
        .join(" · "),
  );
  const { constellation, baseUrl } = await timed(
    printer,
    "services ready",
    () => startServices(infrastructure, ports, options, folder, logFile),
    () => "payments ledger webhooks edge gateway-sandbox",
  );
  started.use(constellation);
  const application = await timed(
    printer,
    "demo data",
    () => demoApplication(folder, constellation.transports),
    ({ id, name }) => `application ${id} “${name}”`,
  );
  const { databases, natsUrl } = infrastructure;
  const dev = devFile({ baseUrl, constellation, databases, natsUrl, application });
  started.defer(() => forgetDevFile(devPath));
  writePrivateJson(devPath, dev);
  printer.ready(dev, home, performance.now() - fromMs);
  await stopping;
  printer.note("stopping …");
}

/** Another start in the same home may have written its own meanwhile. */
function forgetDevFile(path: string): void {
  if (readJson<DevFile>(path)?.pid === process.pid) removeFile(path);
}

function asFailure(error: unknown): StartFailure {
  if (error instanceof StartFailure) return error;
  const why = error instanceof Error ? error.message : String(error);
  if (error instanceof ConfigError) {
    const problems = error.problems.join("\n        ");
    return new StartFailure({
      exitCode: EXIT.configuration,
      what: "the configuration is not valid",
      why: problems,
      fix: "correct or unset these variables",
    });
  }
  if (error instanceof MigrationError) {
    return new StartFailure({
      exitCode: EXIT.migration,
      what: "a migration was refused",
      why,
      fix: "correct the file, or start clean: npm start -- --reset",
    });
  }
  return new StartFailure({
    exitCode: EXIT.notReady,
    what: "OI Payments could not start",
    why,
    fix: "see the log; npm start -- --reset starts clean",
  });
}

const write = (line: string): void => void process.stdout.write(line);
const options = readOptions(process.argv.slice(2));
if (options.help) write(HELP);
else {
  const colour = process.stdout.isTTY === true && !env.NO_COLOR && !env.CI;
  const printer = options.json ? jsonPrinter(write) : textPrinter(write, colour);
  const home = homeFolder(env);
  const logFile = join(home, "log", "dev.log");
  if (!options.json) write("OI Payments 1.0.0 · development\n\n");
  try {
    await start(options, printer, home, logFile);
  } catch (error) {
    const failure = asFailure(error);
    createLogger({
      service: "start",
      level: "error",
      destination: createWriteStream(logFile, { flags: "a" }),
    }).error({ err: error });
    printer.failure(failure, logFile);
    process.exitCode = failure.exitCode;
  }
}
