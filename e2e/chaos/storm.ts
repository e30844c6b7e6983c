import { spawn } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { openJournal } from "@oi/testkit/journal";
import { fetchBooks } from "@oi/tools/invariants/inputs";
import {
  type ClientEntry,
  type FaultEntry,
  JOURNAL,
  type Run,
  type SinkEntry,
  type TrapEntry,
} from "@oi/tools/invariants/journals/journals";
import { clientOf, type Figures } from "./client.ts";
import { breakThings } from "./faults.ts";
import { awaitQuiet, type Restless } from "./quiet.ts";
import { seeded } from "./random.ts";
import { type Fault, type FaultKind, scheduleOf } from "./schedule.ts";
import { shop } from "./shopper.ts";
import { registerShops, type Shop } from "./shops.ts";
import { openSink, openTrap, type Sink } from "./sinks.ts";
import { startWorld, TIMES, type World } from "./world.ts";

export type StormOptions = {
  readonly seed: number;
  readonly lengthMs: number;
  readonly kinds: readonly FaultKind[];
  /** How many shop at the same time. */
  readonly shoppers: number;
  /** For data, logs and journals. */
  readonly folder: string;
  readonly quietMs: number;
  /** Whether the files of PostgreSQL and NATS are searched for canaries too. */
  readonly scansData: boolean;
  readonly say: (line: string) => void;
};

export type StormReport = {
  readonly faults: readonly Fault[];
  readonly figures: Figures;
  /** Webhooks that came, and those of them that had been taken before. */
  readonly copies: number;
  readonly doubled: number;
  /** From the moment that something was whole again to the next payment that was acknowledged. */
  readonly recoveriesMs: readonly (readonly [fault: Fault, ms: number])[];
  /** Services that ended although nobody ended them. */
  readonly surprises: readonly string[];
  readonly restless: Restless;
  /** What the checker printed, and its exit code. */
  readonly printed: string;
  readonly code: number | null;
};

const CARD = "4539578763621486";

/** Starts a constellation, trades with it while it is broken again and again, lifts the faults, waits, and has it judged. */
export async function storm(options: StormOptions): Promise<StormReport> {
  const { seed, lengthMs, kinds, folder, say } = options;
  await using started = new AsyncDisposableStack();
  const startedAt = Date.now();
  const journals = join(folder, "journals");
  mkdirSync(journals, { recursive: true });
  const open = <T extends object>(name: string) => started.use(openJournal<T>(join(journals, name)));
  const world = started.use(await startWorld(folder));
  say(`started: PostgreSQL, NATS, four services and the gateway; journals in ${journals}`);
  const trap = started.use(await openTrap(open<TrapEntry>(JOURNAL.traps)));
  const copies = open<SinkEntry>(JOURNAL.sinks);
  const sinks: Sink[] = [];
  for (const n of [1, 2, 3]) sinks.push(started.use(await openSink(copies, seeded(seed + n), trap.url)));
  await haveInsist(world);
  const shops = await registerShops(
    world,
    sinks.map(({ url }) => url),
    trap.url,
  );
  for (const [i, { signingSecret }] of shops.entries()) sinks[i]?.trust(signingSecret);

  const schedule = scheduleOf(seed, lengthMs, kinds);
  const endMs = performance.now() + lengthMs;
  let isBroken = true;
  const isOver = (): boolean => !isBroken && performance.now() > endMs;
  const client = clientOf(world.publicUrl, open<ClientEntry>(JOURNAL.client), isOver);
  const healed: { fault: Fault; atMs: number }[] = [];
  const surprises: string[] = [];
  const [first, ...others] = shops;
  if (!first) throw new Error("somebody has to sell");
  const shopping = Array.from({ length: options.shoppers }, (_, i) =>
    shop({
      client,
      shops: [first, ...others],
      random: seeded(seed * 1_000 + i),
      card: CARD,
      name: `s${seed}-${i}`,
      isOver,
    }),
  );
  await breakThings({
    world,
    schedule,
    journal: open<FaultEntry>(JOURNAL.faults),
    onFault: (fault, _, atMs) => {
      healed.push({ fault, atMs });
      say(
        `${healed.length}/${schedule.length} ${fault.kind} ${fault.target}, ${client.figures.requests} requests`,
      );
    },
    onSurprise: (what) => {
      surprises.push(what);
      say(what);
    },
  });
  isBroken = false;
  await Promise.all(shopping);
  say(`the storm is over; waiting for quiet`);
  const restless = await awaitQuiet(world, options.quietMs);
  writeRun(journals, world, shops, { options, startedAt });
  writeFileSync(join(journals, JOURNAL.gateway), JSON.stringify(await fetchBooks(world.gatewayUrl)));
  const { printed, code } = await judge(world, folder, journals);
  return {
    ...{ faults: schedule, figures: client.figures, surprises, restless, printed, code },
    copies: sinks.reduce((sum, sink) => sum + sink.figures.copies, 0),
    doubled: sinks.reduce((sum, sink) => sum + sink.figures.doubled, 0),
    recoveriesMs: healed.flatMap(({ fault, atMs }) => {
      const next = client.figures.acknowledgedAt.find((ms) => ms > atMs);
      return next === undefined ? [] : [[fault, next - atMs] as const];
    }),
  };
}

/**
 * A second charge of a session is heard of by its notification, or a quarter of an hour later; nobody waits so long
 * here. So the gateway repeats that one until it is answered.
 */
async function haveInsist({ gatewayUrl }: World): Promise<void> {
  const rule = { match: { amount: "4040.08" }, ipn: { retries: 200, retryAfterMs: 1_000 } };
  const response = await fetch(`${gatewayUrl}/_sandbox/rules`, {
    method: "POST",
    body: JSON.stringify(rule),
  });
  if (response.status !== 201) throw new Error(`the gateway refused a rule: ${await response.text()}`);
}

function writeRun(
  journals: string,
  world: World,
  shops: readonly Shop[],
  { options, startedAt }: { readonly options: StormOptions; readonly startedAt: number },
): void {
  const secrets = shops.flatMap(({ id, apiSecret, signingSecret }) => [
    [`API secret of ${id}`, apiSecret],
    [`signing secret of ${id}`, signingSecret],
  ]);
  const { dataFolder, nats } = world.servers;
  const run: Run = {
    seed: options.seed,
    startedAt,
    applications: shops.map(({ id }) => id),
    endpoints: shops.map(({ url, signingSecret }) => ({ url, secrets: [signingSecret] })),
    inFlight: 64,
    canaries: { "card number": CARD, "store password": world.storePassword, ...Object.fromEntries(secrets) },
    scan: [world.logFolder, ...(options.scansData ? [nats.storeDir, dataFolder] : [])],
  };
  writeFileSync(join(journals, JOURNAL.run), JSON.stringify(run, null, 2), { mode: 0o600 });
}

const CHECKER = fileURLToPath(new URL("../../tools/invariants.ts", import.meta.url));

async function judge({ servers, keks }: World, folder: string, journals: string) {
  const kekFile = join(folder, "keks");
  writeFileSync(kekFile, keks, { mode: 0o600 });
  const databases = Object.entries(servers.databases).flatMap(([name, { ownerUrl }]) => [
    `--${name}`,
    ownerUrl,
  ]);
  const times = [
    ...["--deadline-ms", String(2 * TIMES.deadlineMs), "--lease-ms", String(TIMES.leaseMs)],
    ...["--time-scale", String(TIMES.timeScale), "--allow-cidrs", "127.0.0.1/32"],
  ];
  const child = spawn(process.execPath, [
    ...[CHECKER, ...databases, ...times],
    ...["--kek", kekFile, "--journals", journals],
  ]);
  let printed = "";
  for (const stream of [child.stdout, child.stderr])
    stream.on("data", (chunk: Buffer) => {
      printed += chunk.toString("utf8");
    });
  const code = await new Promise<number | null>((resolve) => child.once("close", resolve));
  return { printed, code };
}
