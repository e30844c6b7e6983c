/**
 * Real: every service, PostgreSQL, NATS, and the checker, also as a process of its own.
 * Doubles: the gateway is the sandbox. Oracle: a violation that is planted on purpose for every rule of the catalogue.
 */
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { eventually } from "@oi/testkit/eventually";
import { CATALOGUE, judge, type Verdict } from "@oi/tools/invariants/catalogue";
import { fetchBooks, parseKeks, toBooks } from "@oi/tools/invariants/inputs";
import { DEFAULT_SETTINGS, type World } from "@oi/tools/invariants/invariant";
import type { ClientEntry } from "@oi/tools/invariants/journals/journals";
import type { Snapshots } from "@oi/tools/invariants/snapshot";
import postgres from "postgres";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Harness, startHarness } from "./harness.ts";
import { journalsOf, tradeWith } from "./healthy.ts";
import { PLANTS, type Plant } from "./planted.ts";

const TOOL = fileURLToPath(new URL("../tools/invariants.ts", import.meta.url));
const KEKS = `test:${Buffer.alloc(32, 7).toString("base64")}`;

let oi: Harness;
let client: readonly ClientEntry[];
const logins = new AsyncDisposableStack();

beforeAll(async () => {
  oi = await startHarness({
    transport: "memory",
    env: { GATEWAY_RECHECK_MS: "200", REFUND_SCHEDULE: "1,2,3,5,8" },
  });
  client = await tradeWith(oi);
  await eventually(async () => expect(await made()).toEqual(AT_REST), { withinMs: 40_000 });
});
afterAll(async () => {
  await logins.disposeAsync();
  await oi?.[Symbol.asyncDispose]();
});

/** Two paid, one failed, one cancelled, two parts and the late money returned; nothing moves after that. */
const AT_REST = { delivered: 7, posted: 9 };

async function made(): Promise<typeof AT_REST> {
  const { ledger, webhooks } = oi.databases;
  const delivered = await loginAt(webhooks.adminUrl)`select from delivery where state = 'DELIVERED'`;
  const posted = await loginAt(ledger.adminUrl)`select from ledger.txn`;
  return { delivered: delivered.length, posted: posted.length };
}

async function healthyWorld(at: Snapshots): Promise<World> {
  const journals = await journalsOf(oi, client);
  const gateway = toBooks(await fetchBooks(oi.sandbox.url));
  return { at, settings: DEFAULT_SETTINGS, gateway, keks: parseKeks(KEKS), journals };
}

class Undo extends Error {}

/** Plants inside three transactions that are never committed, so that the world is healthy again afterwards. */
async function verdictsOf(plant?: Plant): Promise<readonly Verdict[]> {
  const { payments: p, ledger: l, webhooks: w } = oi.databases;
  const [payments, ledger, webhooks] = [p, l, w].map(({ adminUrl }) => loginAt(adminUrl));
  const found: Verdict[] = [];
  const begin = (sql: postgres.Sql | undefined, work: (at: postgres.TransactionSql) => Promise<void>) =>
    sql?.begin("isolation level repeatable read", async (at) => {
      await work(at);
      throw new Undo();
    });
  const ended = begin(
    payments,
    (one) =>
      begin(
        ledger,
        (two) =>
          begin(webhooks, async (three) => {
            const at = { payments: one, ledger: two, webhooks: three };
            if (plant?.rows) {
              const [service, sql] = plant.rows;
              await at[service].unsafe(`set local session_replication_role = replica; ${sql}`);
            }
            const healthy = await healthyWorld(at);
            for await (const verdict of judge({ ...healthy, ...plant?.seen?.(healthy) })) found.push(verdict);
          }) as Promise<void>,
      ) as Promise<void>,
  );
  await ended?.catch((error: unknown) => {
    if (!(error instanceof Undo)) throw error;
  });
  return found;
}

const open = new Map<string, postgres.Sql>();

function loginAt(url: string): postgres.Sql {
  const known = open.get(url);
  if (known) return known;
  const sql = postgres(url, { max: 1, onnotice: () => undefined });
  open.set(url, sql);
  logins.defer(() => sql.end());
  return sql;
}

const text = (_: string, value: unknown) => (typeof value === "bigint" ? String(value) : value);
const failed = (verdicts: readonly Verdict[]) =>
  verdicts
    .filter(({ broken }) => broken > 0)
    .map(({ invariant, rows }) => [invariant.name, JSON.stringify(rows, text)]);

it("holds after payments went all the way: paid, refunded, failed, cancelled, paid late", async () => {
  const all = await verdictsOf();
  expect(failed(all)).toEqual([]);
  expect(all.map(({ invariant }) => invariant.name)).toEqual(CATALOGUE.map(({ name }) => name));
});

it("has a planted violation for every rule of the catalogue, and no number twice", () => {
  const names = CATALOGUE.map(({ name }) => name);
  expect(names).toEqual([
    ...Array.from({ length: 14 }, (_, i) => `C${i + 1}`),
    ...Array.from({ length: 7 }, (_, i) => `L${i + 1}`),
    ...Array.from({ length: 13 }, (_, i) => `W${i + 1}`),
    ...Array.from({ length: 5 }, (_, i) => `X${i + 1}`),
    ...Array.from({ length: 6 }, (_, i) => `S${i + 1}`),
  ]);
  expect([...new Set(PLANTS.map(({ breaks }) => breaks))].toSorted()).toEqual(names.toSorted());
});

it.each(
  PLANTS.map(
    (plant) =>
      [
        plant.breaks,
        plant.what ?? plant.rows?.[1].replaceAll(/\s+/g, " ").slice(0, 90) ?? "",
        plant,
      ] as const,
  ),
)("%s alone finds: %s", async (breaks, _, plant) => {
  const found = failed(await verdictsOf(plant));
  expect(found.map(([name]) => name).toSorted(), JSON.stringify(found)).toEqual(
    [breaks, ...(plant.also ?? [])].toSorted(),
  );
});

async function run(args: readonly string[]): Promise<{ code: number | null; printed: string }> {
  const child = spawn(process.execPath, [TOOL, ...args]);
  let printed = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk: Buffer) => {
      printed += chunk.toString("utf8");
    });
  }
  return { code: await new Promise<number | null>((resolve) => child.once("exit", resolve)), printed };
}

function named(): readonly string[] {
  const urls = Object.entries(oi.databases).flatMap(([name, { ownerUrl }]) => [`--${name}`, ownerUrl]);
  return [...urls, "--gateway", oi.sandbox.url, "--allow-cidrs", "127.0.0.0/8,::1/128"];
}

it("ends with 0 and its count when all hold, and with 1 and the rows when one does not", async () => {
  const good = await run(named());
  expect(good.printed.trimEnd().split("\n").at(-1)).toBe("39 passed, 0 failed");
  expect(good.code).toBe(0);
  const [payments] = [loginAt(oi.databases.payments.adminUrl)];
  await payments`update gateway_attempt set mode = 'LIVE'`;
  const bad = await run(named());
  await payments`update gateway_attempt set mode = 'TEST'`;
  expect(bad.printed).toMatch(/^FAIL C13 .*: \d+ rows\n {5}\{/m);
  expect(bad.printed.trimEnd().split("\n").at(-1)).toBe("38 passed, 1 failed");
  expect(bad.code).toBe(1);
  const old = await run([...named(), "--since", "2100-01-01T00:00:00Z"]);
  expect(old.printed.trimEnd().split("\n").at(-1)).toBe("39 passed, 0 failed");
});

it("fails a rule that lacks its input", async () => {
  const { printed } = await run(named().filter((word) => word !== "--gateway" && word !== oi.sandbox.url));
  expect(printed).toMatch(/^FAIL X4 .*\n.*--gateway/m);
});

it("says with code 2 that it could not look, or not at everything", async () => {
  expect((await run(["--webhooks", "postgres://nobody@127.0.0.1:1/x"])).code).toBe(2);
  const blind = await run(["--ledger", oi.databases.ledger.url]);
  expect(blind.printed).toContain("does not see all rows of ledger.");
  expect(blind.code).toBe(2);
  expect((await run(["--help"])).code).toBe(0);
});
