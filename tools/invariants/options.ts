import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import type { DevFile } from "../start/dev-file.ts";
import { homeFolder, readJson } from "../start/home.ts";
import { type Keks, parseKeks } from "./inputs.ts";
import { DEFAULT_SETTINGS, type Settings } from "./invariant.ts";
import type { DatabaseName } from "./snapshot.ts";

export const USAGE = `Proves from the databases alone that nothing is lost, doubled, early or unbalanced.

  npm run invariants                     the databases of the running npm start ($OI_HOME/dev.json)
  npm run invariants -- --webhooks URL   only that service's; also --payments URL, --ledger URL

  --gateway PLACE      the gateway's books: a simulator's address, or a file {charges, refunds, sessions}
  --kek FILE           the keys of WEBHOOKS_KEKS: every stored signature is computed again
  --journals DIR       what a storm's client, gateway, receivers and traps saw: S1 to S6 too, and order is
                       not asked for where kills disturb it
  --since T            leaves out what is older than this instant
  --quiet-seconds N    leaves out what is younger (60 for a running npm start, else 0)
  --time-scale N       as the services had it, like the next ones
  --deadline-ms N      --lease-ms N      --host-cap N      --app-cap N      --allow-cidrs A,B

Reads in one snapshot per database and writes nothing. Each rule prints ok or FAIL, its first 20 rows, and rows that
somebody takes care of as "listed". A rule that lacks its input fails. Ends with 0 when all passed, 1 when one failed,
2 when they could not be checked.

Answers are read through cursors, so memory stays small. Time is another matter: L1, L2, L4 and L7 read every entry, X1
every event of two weeks, X3 every body, W5 to W7 every attempt, S5 every row. On a large system give --since.
`;

export type Options = {
  readonly urls: Partial<Record<DatabaseName, string>>;
  readonly settings: Settings;
  readonly gateway: string | null;
  readonly keks: Keks | null;
  readonly journals: string | null;
};

/** Things of a running system that are younger than this may be half-way. */
const LIVE_QUIET_SECONDS = 60;

const text = { type: "string" } as const;
const OPTIONS = {
  ...{ payments: text, ledger: text, webhooks: text, gateway: text, kek: text, journals: text, since: text },
  ...{ "quiet-seconds": text, "time-scale": text, "deadline-ms": text, "lease-ms": text, "host-cap": text },
  ...{ "app-cap": text, "allow-cidrs": text },
};

/** Raises an Error with a plain sentence for what cannot be used. */
export function readOptions(
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): Options {
  const { values } = parseArgs({ args: [...args], options: OPTIONS });
  const { payments, ledger, webhooks } = values;
  const given = Object.entries({ payments, ledger, webhooks }).filter(([, url]) => url !== undefined);
  const dev = given.length > 0 ? null : readJson<DevFile>(join(homeFolder(env), "dev.json"));
  if (given.length === 0 && !dev) throw new Error("no database is named and dev.json is not there");
  const { since = null } = values;
  if (since !== null && Number.isNaN(Date.parse(since))) throw new Error(`--since: ${since} is no instant`);
  const cidrs = values["allow-cidrs"]?.split(",").filter(Boolean);
  return {
    urls: dev?.databaseOwners ?? Object.fromEntries(given),
    gateway: values.gateway ?? dev?.gatewaySandbox?.url ?? null,
    keks: values.kek === undefined ? null : parseKeks(readFileSync(values.kek, "utf8")),
    journals: values.journals ?? null,
    settings: {
      ...DEFAULT_SETTINGS,
      since: since === null ? null : new Date(since).toISOString(),
      isStormy: values.journals !== undefined,
      quietSeconds: readNumber(values["quiet-seconds"], dev ? LIVE_QUIET_SECONDS : 0),
      timeScale: readNumber(values["time-scale"], DEFAULT_SETTINGS.timeScale),
      deadlineMs: readNumber(values["deadline-ms"], DEFAULT_SETTINGS.deadlineMs),
      leaseMs: readNumber(values["lease-ms"], DEFAULT_SETTINGS.leaseMs),
      hostCap: readNumber(values["host-cap"], DEFAULT_SETTINGS.hostCap),
      applicationCap: readNumber(values["app-cap"], DEFAULT_SETTINGS.applicationCap),
      allowCidrs: cidrs ?? (dev ? DEFAULT_SETTINGS.allowCidrs : []),
    },
  };
}

function readNumber(value: string | undefined, fallback: number): number {
  const found = value === undefined ? fallback : Number(value);
  if (!Number.isFinite(found) || found < 0) throw new Error(`${value} is no number`);
  return found;
}
