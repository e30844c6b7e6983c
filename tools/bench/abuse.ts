import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { Pool } from "undici";
import type { DevFile } from "../start/dev-file.ts";
import type { Abuse, Abused } from "./support/abuser.ts";
import { keepAsking, type Load } from "./support/clients.ts";
import { startShape } from "./support/shape.ts";
import { loadLine, openStage } from "./support/stage.ts";
import { median, table } from "./support/statistics.ts";
import { startWorker } from "./support/worker.ts";

const HELP = `npm run bench -- abuse [options]

  A healthy merchant creates payments at a steady pace, in separate processes (npm run services), alone and while others
  abuse the doors. Prints the healthy p99 beside the one without abusers, taken right before it, and the edge's memory.

  --rounds N    3    of each kind of abuse
  --seconds N   5    per measurement
  --help
`;

const KINDS = ["slow clients", "fuzzed bodies", "wrong secrets", "http/2 resets"] as const;
const CLIENTS = 4;
const PAUSE_MS = 20;

export async function run(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      help: { type: "boolean", short: "h", default: false },
      rounds: { type: "string", default: "3" },
      seconds: { type: "string", default: "5" },
    },
  });
  if (values.help) return void process.stdout.write(HELP);
  const [rounds, seconds] = [Number(values.rounds), Number(values.seconds)];
  await using opened = new AsyncDisposableStack();
  const stage = opened.use(await openStage());
  const databases = await stage.databases("abuse");
  // Production's own limit: outside it a hundred times as many wrong secrets are let through, for convenience.
  process.env.RATE_LIMIT_AUTH_FAILURES_PER_MINUTE ??= "10";
  const { dev } = opened.use(
    await startShape({ program: "services.ts", home: `${stage.home}/abuse`, databases }),
  );
  const stop = new AbortController().signal;
  const abuser = opened.use(
    startWorker<Abuse & { apiSecret: string }, Abused>(new URL("./support/abuser.ts", import.meta.url), stop),
  );
  const pool = new Pool(dev.baseUrl, { connections: CLIENTS });
  opened.defer(() => pool.destroy());
  const healthy = (): Promise<Load> =>
    keepAsking({ clients: CLIENTS, seconds, ask: () => create(pool, dev) });
  await healthy();
  const rows: string[][] = [
    ["abuse", "healthy p99 ms alone", "meanwhile", "ratio", "failed", "edge RSS MB", "answers"],
  ];
  for (const kind of KINDS) rows.push(await measure({ kind, rounds, seconds, dev, abuser, healthy }));
  process.stdout.write(`${table(rows)}\n${(await stage.describe()).join("\n")}\n${loadLine()}\n`);
}

type Measurement = {
  readonly kind: Abuse["kind"];
  readonly rounds: number;
  readonly seconds: number;
  readonly dev: DevFile;
  readonly abuser: { run(task: Abuse & { apiSecret: string }): Promise<Abused> };
  readonly healthy: () => Promise<Load>;
};

async function measure({ kind, rounds, seconds, dev, abuser, healthy }: Measurement): Promise<string[]> {
  const { testApiKey: apiKey, testApiSecret: apiSecret } = dev.application;
  const [alone, meanwhile, answers]: [Load[], Load[], Record<string, number>] = [[], [], {}];
  for (let round = 0; round < rounds; round++) {
    alone.push(await healthy());
    const task = {
      kind,
      baseUrl: dev.baseUrl,
      grpc: dev.services.payments.grpc,
      apiKey,
      apiSecret,
      seconds: seconds + 1,
    };
    const abuse = abuser.run(task);
    await sleep(500);
    meanwhile.push(await healthy());
    for (const [word, count] of Object.entries((await abuse).answers))
      answers[word] = (answers[word] ?? 0) + count;
  }
  const p99 = (loads: readonly Load[]): number => median(loads.map(({ p99Ms }) => p99Ms));
  const failed = meanwhile.flatMap(({ failures }) => Object.values(failures)).reduce((sum, n) => sum + n, 0);
  return [
    kind,
    p99(alone).toFixed(1),
    p99(meanwhile).toFixed(1),
    (p99(meanwhile) / p99(alone)).toFixed(2),
    String(failed),
    String(memoryOf(dev.processes?.edge ?? dev.pid)),
    Object.entries(answers)
      .map(([word, count]) => `${word}: ${count}`)
      .join(" "),
  ];
}

let keys = 0;

async function create(pool: Pool, { application }: DevFile): Promise<string | null> {
  await sleep(PAUSE_MS);
  keys += 1;
  const { statusCode, body } = await pool.request({
    path: "/api/v1/payments",
    method: "POST",
    headers: {
      "x-api-key": application.testApiKey,
      "x-api-secret": application.testApiSecret,
      "content-type": "application/json",
      "idempotency-key": `abuse-${keys}`,
    },
    body: '{"amountMinor":125050,"customerReference":"healthy"}',
  });
  await body.dump();
  return statusCode === 201 ? null : String(statusCode);
}

function memoryOf(pid: number): number {
  const [, pages = "0"] = readFileSync(`/proc/${pid}/statm`, "utf8").split(" ");
  return Math.round((Number(pages) * 4_096) / 1_000_000);
}
