import { join } from "node:path";
import { parseArgs } from "node:util";
import type postgres from "postgres";
import { ACROSS } from "./invariants/across.ts";
import {
  type DatabaseName,
  DEFAULT_SETTINGS,
  type Invariant,
  render,
  type Settings,
} from "./invariants/invariant.ts";
import { LEDGER } from "./invariants/ledger.ts";
import { PAYMENTS } from "./invariants/payments.ts";
import { inSnapshot } from "./invariants/snapshot.ts";
import { WEBHOOKS } from "./invariants/webhooks.ts";
import type { DevFile } from "./start/dev-file.ts";
import { homeFolder, readJson } from "./start/home.ts";

const USAGE = `Proves from the databases alone that nothing is lost, doubled, early or unbalanced.

  npm run invariants                     the databases of the running npm start ($OI_HOME/dev.json)
  npm run invariants -- --webhooks URL   only that service's; also --payments URL, --ledger URL

  --quiet-seconds N   leave out what is younger (default 0)      --time-scale N   as the services had it
  --deadline-ms N     --lease-ms N     --host-cap N     --app-cap N     --allow-cidrs A,B     as webhooks had them
`;

const SHOWN = 20;
type Urls = Partial<Record<DatabaseName, string>>;
type Tally = { passed: number; failed: number };

const say = (text: string): void => {
  process.stdout.write(`${text}\n`);
};

function report(tally: Tally, name: string, title: string, rows: readonly object[]): void {
  if (rows.length === 0) {
    tally.passed += 1;
    say(`ok ${name} ${title}`);
    return;
  }
  tally.failed += 1;
  say(`FAIL ${name} ${title}: ${rows.length} ${rows.length === 1 ? "row" : "rows"}`);
  const text = (_: string, value: unknown) => (typeof value === "bigint" ? String(value) : value);
  for (const row of rows.slice(0, SHOWN)) say(`     ${JSON.stringify(row, text)}`);
}

async function checkOne(
  sql: postgres.TransactionSql,
  all: readonly Invariant[],
  settings: Settings,
  tally: Tally,
): Promise<void> {
  for (const { name, title, sql: text } of all)
    report(tally, name, title, await sql.unsafe(render(text, settings)));
}

function readOptions(args: readonly string[]): { urls: Urls; settings: Settings } {
  const text = { type: "string" } as const;
  const { values } = parseArgs({
    args: [...args],
    options: {
      payments: text,
      ledger: text,
      webhooks: text,
      "quiet-seconds": text,
      "time-scale": text,
      "deadline-ms": text,
      "lease-ms": text,
      "host-cap": text,
      "app-cap": text,
      "allow-cidrs": text,
    },
  });
  const { payments, ledger, webhooks } = values;
  const given = Object.entries({ payments, ledger, webhooks }).filter(([, url]) => url !== undefined);
  const dev = given.length > 0 ? null : readJson<DevFile>(join(homeFolder(process.env), "dev.json"));
  if (given.length === 0 && !dev) throw new Error("no database is named and dev.json is not there");
  const number = (value: string | undefined, fallback: number): number => {
    const found = value === undefined ? fallback : Number(value);
    if (!Number.isFinite(found) || found < 0) throw new Error(`${value} is no number`);
    return found;
  };
  const local = dev ? DEFAULT_SETTINGS.allowCidrs : [];
  return {
    urls: dev?.databases ?? Object.fromEntries(given),
    settings: {
      ...DEFAULT_SETTINGS,
      quietSeconds: number(values["quiet-seconds"], DEFAULT_SETTINGS.quietSeconds),
      timeScale: number(values["time-scale"], DEFAULT_SETTINGS.timeScale),
      deadlineMs: number(values["deadline-ms"], DEFAULT_SETTINGS.deadlineMs),
      leaseMs: number(values["lease-ms"], DEFAULT_SETTINGS.leaseMs),
      hostCap: number(values["host-cap"], DEFAULT_SETTINGS.hostCap),
      applicationCap: number(values["app-cap"], DEFAULT_SETTINGS.applicationCap),
      allowCidrs: values["allow-cidrs"]?.split(",").filter(Boolean) ?? local,
    },
  };
}

/** Checks what the databases that are given allow; the rules that join them need all three. */
async function check({ payments, ledger, webhooks }: Urls, settings: Settings): Promise<Tally> {
  const tally: Tally = { passed: 0, failed: 0 };
  if (payments && ledger && webhooks) {
    await inSnapshot(payments, (p) =>
      inSnapshot(ledger, (l) =>
        inSnapshot(webhooks, async (w) => {
          await checkOne(p, PAYMENTS, settings, tally);
          await checkOne(l, LEDGER, settings, tally);
          await checkOne(w, WEBHOOKS, settings, tally);
          const at = { payments: p, ledger: l, webhooks: w, quietSeconds: settings.quietSeconds };
          for (const { name, title, check: rows } of ACROSS) report(tally, name, title, await rows(at));
        }),
      ),
    );
    return tally;
  }
  if (payments) await inSnapshot(payments, (sql) => checkOne(sql, PAYMENTS, settings, tally));
  if (ledger) await inSnapshot(ledger, (sql) => checkOne(sql, LEDGER, settings, tally));
  if (webhooks) await inSnapshot(webhooks, (sql) => checkOne(sql, WEBHOOKS, settings, tally));
  return tally;
}

/** Returns 0 when every invariant holds, 1 when one does not, 2 when they could not be checked. */
export async function run(args: readonly string[]): Promise<number> {
  if (args.includes("--help")) {
    say(USAGE);
    return 0;
  }
  try {
    const { urls, settings } = readOptions(args);
    const { passed, failed } = await check(urls, settings);
    say(`${passed} passed, ${failed} failed`);
    return failed === 0 ? 0 : 1;
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n\n${USAGE}`);
    return 2;
  }
}

if (import.meta.main) process.exitCode = await run(process.argv.slice(2));
