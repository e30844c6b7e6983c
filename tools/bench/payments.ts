import { parseArgs } from "node:util";
import type { Load } from "./support/clients.ts";
import {
  type CpuTimes,
  cpuOfFamily,
  cpuOfMachine,
  cpuTimes,
  type Groups,
  shareOfOthers,
  since,
  total,
  waitUntilQuiet,
} from "./support/cpu.ts";
import type { CreateLoad } from "./support/load-generator.ts";
import { type Measured, paymentsReport } from "./support/payments-report.ts";
import { type Shape, startShape } from "./support/shape.ts";
import { loadLine, openStage, type Stage } from "./support/stage.ts";
import type { StatementLoad } from "./support/statement-driver.ts";
import { startWorker, type Worker } from "./support/worker.ts";

const HELP = `npm run bench -- payments [options]

  Creates payments through REST (authentication, validation, a fresh Idempotency-Key each) in one process (npm start)
  and in separate processes (npm run services), and beside them drives the very statement by which payments creates a
  payment: no service, the same driver, the same PostgreSQL, the same machine. The rounds take turns.

  --rounds N        3     of all three, after a warm-up
  --seconds N       5     per measurement
  --warmup N        8     seconds of load on each before the first round
  --connections N   64    of the merchant; each sends the next request when it is answered
  --clients N       16    connections that drive the statement
  --help
`;

type Options = Readonly<
  Record<"rounds" | "seconds" | "warmup" | "connections" | "clients", number> & { help: boolean }
>;

const QUIET_LIMIT_MS = 10_000;
const ALONE_SECONDS = 1;

function readOptions(args: readonly string[]): Options {
  const number = (standard: string) => ({ type: "string", default: standard }) as const;
  const { values } = parseArgs({
    args: [...args],
    options: {
      help: { type: "boolean", short: "h", default: false },
      rounds: number("3"),
      seconds: number("5"),
      warmup: number("8"),
      connections: number("64"),
      clients: number("16"),
    },
  });
  const positive = (name: Exclude<keyof Options, "help">): number => {
    const value = Number(values[name]);
    if (!(value > 0 && value <= 1_000)) throw new Error(`--${name} is a number from 1 to 1000`);
    return value;
  };
  return {
    help: values.help,
    rounds: positive("rounds"),
    seconds: positive("seconds"),
    warmup: positive("warmup"),
    connections: positive("connections"),
    clients: positive("clients"),
  };
}

/** Something that creates payments, and the processes that it costs. */
type Candidate = {
  readonly name: string;
  readonly groups: Groups;
  load(seconds: number): Promise<Load>;
  /** One client alone on a machine that does nothing else for us; null where that says nothing. */
  readonly alone: (() => Promise<Load>) | null;
};

export async function run(args: readonly string[]): Promise<void> {
  const options = readOptions(args);
  if (options.help) return void process.stdout.write(HELP);
  const stop = stopSignal();
  await using opened = new AsyncDisposableStack();
  const stage = opened.use(await openStage());
  await compare({ options, stage, opened, stop });
}

/** Aborted when somebody no longer wants to wait. */
function stopSignal(): AbortSignal {
  const stopping = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const)
    process.on(signal, () => stopping.abort(new DOMException(`stopped by ${signal}`, "AbortError")));
  return stopping.signal;
}

/** What is loaded, where, and until when. */
type Setting = {
  readonly options: Options;
  readonly stage: Stage;
  /** Closed at the end, the newest first. */
  readonly opened: AsyncDisposableStack;
  readonly stop: AbortSignal;
};

async function compare(setting: Setting): Promise<void> {
  const { options, stage, stop } = setting;
  const say = (text: string): void => void process.stdout.write(`${text}\n`);
  const loadBefore = loadLine();
  const candidates = await prepare(setting);
  const measure = meter(stage);
  for (const { name, load, groups } of candidates) {
    const { count } = await load(options.warmup);
    await waitUntilQuiet(() => cpuTimes(groups), QUIET_LIMIT_MS);
    say(`  … warm-up: ${name}, ${count} payments`);
  }
  const rounds: Measured[][] = [];
  for (let round = 1; round <= options.rounds; round++) {
    const measured: Measured[] = [];
    for (const candidate of candidates) measured.push(await measure(candidate, options.seconds));
    stop.throwIfAborted();
    rounds.push(measured);
    const rates = measured.map(({ name, load }) => `${name} ${Math.round(load.perSecond)}/s`);
    say(`  … round ${round}: ${rates.join(" · ")}`);
  }
  const facts = await stage.describe();
  const load = `load before ${loadBefore}, after ${loadLine()}`;
  say(paymentsReport({ rounds, facts: [...facts, load], options }));
}

async function prepare({ options, stage, opened, stop }: Setting): Promise<readonly Candidate[]> {
  const { connections, clients } = options;
  const { payments } = await stage.databases("statement");
  const driver = opened.use(
    startWorker<StatementLoad, Load>(new URL("./support/statement-driver.ts", import.meta.url), stop),
  );
  const generator = opened.use(
    startWorker<CreateLoad, Load>(new URL("./support/load-generator.ts", import.meta.url), stop),
  );
  const start = async (program: "start.ts" | "services.ts", name: string): Promise<Shape> => {
    stop.throwIfAborted();
    const databases = await stage.databases(name);
    return opened.use(await startShape({ program, home: `${stage.home}/${name}`, databases }));
  };
  return [
    {
      name: "statement alone",
      groups: { driver: [driver.pid] },
      load: (seconds) => driver.run({ url: payments.url, clients, seconds }),
      alone: null,
    },
    overRest("one process", await start("start.ts", "one"), generator, connections),
    overRest("separate processes", await start("services.ts", "separate"), generator, connections),
  ];
}

function overRest(
  name: string,
  { dev, groups }: Shape,
  generator: Worker<CreateLoad, Load>,
  connections: number,
): Candidate {
  const { testApiKey: apiKey, testApiSecret: apiSecret } = dev.application;
  const target = { baseUrl: dev.baseUrl, apiKey, apiSecret };
  return {
    name,
    groups: { generator: [generator.pid], ...groups },
    load: (seconds) => generator.run({ ...target, connections, seconds }),
    alone: () => generator.run({ ...target, connections: 1, seconds: ALONE_SECONDS }),
  };
}

/** Counts CPU from the first request until everything that the payments caused is done as well. */
function meter({ server }: Stage): (candidate: Candidate, seconds: number) => Promise<Measured> {
  return async ({ name, groups, load, alone }, seconds) => {
    const read = (): CpuTimes => ({ postgresql: cpuOfFamily(server.pid), ...cpuTimes(groups) });
    const single = (await alone?.()) ?? null;
    await waitUntilQuiet(read, QUIET_LIMIT_MS);
    const [before, machineBefore, fromMs] = [read(), cpuOfMachine(), performance.now()];
    const result = await load(seconds);
    await waitUntilQuiet(read, QUIET_LIMIT_MS);
    const cpu = since(before, read());
    const others = shareOfOthers(cpuOfMachine() - machineBefore, total(cpu), performance.now() - fromMs);
    return { name, load: result, cpu, others, aloneP50Ms: single?.p50Ms ?? null };
  };
}
