import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { FAULT_KINDS, type FaultKind } from "./schedule.ts";
import { type StormReport, storm } from "./storm.ts";

const USAGE = `Trades with a whole constellation while it is broken on purpose, then has the invariants judge what is left.

  npm run chaos -- --seconds 60 --seed 1 --faults ${FAULT_KINDS.join(",")}

  --seconds N    how long it is broken (60)
  --seed N       the same seed breaks the same things at the same times (a new one each time)
  --faults LIST  which of these; all without it
                 kill   SIGKILL one service      stop   freeze one for seconds     term  one leaves in order
                 all    SIGKILL all four         postgres, nats   SIGKILL it
                 wipe   NATS loses its store     erase  NATS loses it while it runs
  --shoppers N   how many shop at the same time (6)
  --quiet N      seconds that everything has to come to rest afterwards (120)
  --keep         leaves data, logs and journals behind, and says where

Ends with 0 when every invariant holds, with 1 when one does not.
`;

const say = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

/** With the time since the program began. */
const progress = (line: string): void =>
  say(`${(performance.now() / 1_000).toFixed(1).padStart(6)} s  ${line}`);

function readOptions() {
  const text = { type: "string" } as const;
  const { values } = parseArgs({
    options: {
      ...{ seconds: text, seed: text, faults: text, shoppers: text, quiet: text },
      ...({ keep: { type: "boolean" }, help: { type: "boolean" } } as const),
    },
  });
  const number = (value: string | undefined, fallback: number): number => {
    const found = Number(value ?? fallback);
    if (!Number.isSafeInteger(found) || found < 0) throw new Error(`${value} is no whole number`);
    return found;
  };
  const kinds = values.faults?.split(",") ?? FAULT_KINDS;
  const unknown = kinds.filter((kind) => !FAULT_KINDS.some((one) => one === kind));
  if (unknown.length > 0) throw new Error(`unknown faults: ${unknown.join(", ")}`);
  return {
    help: values.help === true,
    keep: values.keep === true,
    seed: number(values.seed, Math.floor(Math.random() * 1_000_000)),
    lengthMs: 1_000 * number(values.seconds, 60),
    quietMs: 1_000 * number(values.quiet, 120),
    shoppers: number(values.shoppers, 6),
    kinds: kinds as readonly FaultKind[],
  };
}

function report({
  faults,
  figures,
  copies,
  doubled,
  recoveriesMs,
  surprises,
  restless,
  printed,
}: StormReport): void {
  const { requests, acknowledged, replayed, failures, statuses } = figures;
  const kills = new Map<string, number>();
  for (const { kind } of faults) kills.set(kind, (kills.get(kind) ?? 0) + 1);
  const list = (entries: Iterable<readonly [unknown, unknown]>): string =>
    [...entries].map(([what, n]) => `${what} ${n}`).join(", ");
  const slowest = recoveriesMs.toSorted(([, a], [, b]) => b - a);
  const median = slowest[Math.floor(slowest.length / 2)]?.[1] ?? 0;
  say(`\nfaults      ${faults.length}: ${list(kills)}`);
  say(`requests    ${requests}: ${list([...statuses].toSorted(([a], [b]) => a - b))}, no answer ${failures}`);
  say(`acknowledged ${acknowledged} payments and refunds, ${replayed} of them again`);
  say(`webhooks    ${copies} copies at the sinks, ${doubled} of them again`);
  say(
    `recovery    whole again → next payment: median ${Math.round(median)} ms; slowest ${slowest
      .slice(0, 3)
      .map(([{ kind, target }, ms]) => `${Math.round(ms)} ms after ${kind} ${target}`)
      .join(", ")}`,
  );
  for (const surprise of surprises) say(`surprise    ${surprise}`);
  if (Object.keys(restless).length > 0) say(`not at rest ${list(Object.entries(restless))}`);
  say(`\n${printed.trimEnd()}`);
}

const options = readOptions();
if (options.help) say(USAGE);
else {
  const folder = mkdtempSync(join(tmpdir(), "oi-chaos-"));
  say(`seed ${options.seed}`);
  try {
    const found = await storm({ ...options, folder, scansData: true, say: progress });
    report(found);
    process.exitCode = found.code ?? 2;
  } finally {
    if (options.keep) say(`kept: ${folder}`);
    else rmSync(folder, { recursive: true, force: true });
  }
}
