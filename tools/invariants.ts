import { judge, type Verdict } from "./invariants/catalogue.ts";
import { readGateway, toBooks } from "./invariants/inputs.ts";
import type { Row, World } from "./invariants/invariant.ts";
import { readJournals } from "./invariants/journals/journals.ts";
import { type Options, readOptions, USAGE } from "./invariants/options.ts";
import { inSnapshots, type Snapshots } from "./invariants/snapshot.ts";

const SLOW_MS = 1_000;

const say = (text: string): void => {
  process.stdout.write(`${text}\n`);
};

const line = (word: string, row: Row): string => {
  const text = (_: string, value: unknown) => (typeof value === "bigint" ? String(value) : value);
  return `     ${word}${JSON.stringify(row, text)}`;
};

function report({ invariant: { name, title }, broken, rows, owned, tookMs }: Verdict): void {
  const time = tookMs < SLOW_MS ? "" : ` (${(tookMs / 1_000).toFixed(1)} s)`;
  const count = broken === 0 ? "" : `: ${broken} ${broken === 1 ? "row" : "rows"}`;
  say(`${broken === 0 ? "ok" : "FAIL"} ${name} ${title}${count}${time}`);
  for (const row of rows) say(line("", row));
  for (const row of owned) say(line("listed ", row));
}

/** Only for a person who watches: it is written over by the next line. */
function progress(name: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r… ${name} \r`);
}

async function worldOf(options: Options, at: Partial<Snapshots>): Promise<World> {
  const { settings, keks } = options;
  const journals = options.journals === null ? null : readJournals(options.journals);
  const told = journals === null ? null : toBooks(journals.gateway);
  const gateway = options.gateway === null ? told : await readGateway(options.gateway);
  return { at, settings, keks, journals, gateway };
}

/** Returns 0 when every invariant holds, 1 when one does not, 2 when they could not be checked. */
export async function run(args: readonly string[]): Promise<number> {
  if (args.includes("--help")) {
    say(USAGE);
    return 0;
  }
  try {
    const options = readOptions(args, process.env);
    const tally = { passed: 0, failed: 0 };
    await inSnapshots(options.urls, async (at) => {
      for await (const verdict of judge(await worldOf(options, at), progress)) {
        report(verdict);
        tally[verdict.broken === 0 ? "passed" : "failed"] += 1;
      }
    });
    say(`${tally.passed} passed, ${tally.failed} failed`);
    return tally.failed === 0 ? 0 : 1;
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n\n${USAGE}`);
    return 2;
  }
}

if (import.meta.main) process.exitCode = await run(process.argv.slice(2));
