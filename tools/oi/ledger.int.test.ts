import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { silentLogger } from "@oi/platform/telemetry/logger";
import { afterAll, beforeAll, expect, it } from "vitest";
import { createApp, type LedgerApp } from "../../services/ledger/src/app.ts";
import { readConfig } from "../../services/ledger/src/config.ts";
import { freshScope } from "../../services/ledger/src/testing/facts.ts";
import { type PostgresLedger, postgresLedger } from "../../services/ledger/src/testing/postgres-ledger.ts";
import { tellStory } from "../../services/ledger/src/testing/story.ts";

// Real: the command line as a process of its own, in a home of its own, the ledger's gRPC door, PostgreSQL.
let ledger: PostgresLedger;
let app: LedgerApp;
let home: string;
const scope = freshScope();
const OI = fileURLToPath(new URL("../oi.ts", import.meta.url));

beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), "oi-home-"));
  ledger = await postgresLedger();
  await tellStory(ledger.ports, scope);
  const env = {
    LEDGER_DATABASE_URL: ledger.test.url,
    NATS_URL: "nats://127.0.0.1:1",
    RPC_PORT: "0",
    OPS_PORT: "0",
  };
  app = await createApp(readConfig(env), { log: silentLogger() });
});
afterAll(async () => {
  await app[Symbol.asyncDispose]();
  await ledger[Symbol.asyncDispose]();
  rmSync(home, { recursive: true });
});

function oi(...args: readonly string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    const env = { ...process.env, OI_HOME: home };
    execFile(process.execPath, [OI, ...args], { env }, (error, stdout, stderr) => {
      resolve({ code: error ? Number(error.code) : 0, stdout, stderr });
    });
  });
}

const named = ["--application", String(scope.applicationId), "--mode", "LIVE"];
const ofBook = () => [...named, "--url", app.rpc.grpcAddress];

/** What a start leaves for tools to find, as far as these ask for it. */
function writeDevFile(grpc: string): void {
  writeFileSync(join(home, "dev.json"), JSON.stringify({ services: { ledger: { grpc } } }));
}

it("prints a trial balance that adds up", async () => {
  const { code, stdout } = await oi("ledger", "trial-balance", ...ofBook());
  expect([code, stdout.split("\n").at(-2)]).toEqual([0, "after transaction 19: balanced"]);
  const [debits, credits] = /total\s+BDT\s+(\S+)\s+(\S+)/.exec(stdout)?.slice(1) ?? [];
  expect(debits).toMatch(/^\d+\.\d\d$/);
  expect(credits).toBe(debits);
});

it("exports the file alone to standard output", async () => {
  const { code, stdout, stderr } = await oi("ledger", "export", "--format", "hledger", ...ofBook());
  expect(code).toBe(0);
  expect(stdout).toMatch(/^; oi-ledger export 1\n/);
  expect(stderr).toMatch(/^19 transactions, to block \d+, sha256 [0-9a-f]{64}\n$/);
});

it("verifies, and ends with 1 and the first break when somebody tampered", async () => {
  expect(await oi("ledger", "verify", ...ofBook())).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/^ok: 19 transactions/),
  });
  await ledger.as("admin").sql.begin(async (sql) => {
    await sql`set local session_replication_role = replica`;
    await sql`update ledger.txn set actor = 'eve' where seq = 4`;
  });
  const { code, stdout } = await oi("ledger", "verify", ...ofBook());
  expect([code, stdout.split("\n")[0]]).toEqual([1, "BROKEN V3 block 1, transaction 4"]);
});

it("finds the running system through its home, and says so when there is none", async () => {
  const absent = await oi("ledger", "trial-balance", ...named);
  expect(absent).toMatchObject({ code: 2, stdout: "" });
  expect(absent.stderr).toBe(
    `Nothing runs here: ${join(home, "dev.json")} is missing. Start it (npm start), or give --url HOST:PORT.\n`,
  );
  writeDevFile("127.0.0.1:1");
  const stale = await oi("ledger", "trial-balance", ...named);
  expect([stale.code, stale.stderr]).toEqual([
    2,
    "No ledger answers at 127.0.0.1:1. Start it (npm start), or give --url HOST:PORT.\n",
  ]);
  writeDevFile(app.rpc.grpcAddress);
  for (const command of [["trial-balance"], ["export", "--format", "csv"]]) {
    const found = await oi("ledger", ...command, ...named);
    expect([found.code, found.stdout.length > 1_000]).toEqual([0, true]);
  }
}, 30_000);

it("explains itself", async () => {
  const [help, own, unknown] = await Promise.all([
    oi(),
    oi("ledger", "export", "--help"),
    oi("ledger", "sing"),
  ]);
  expect([help.code, help.stdout]).toEqual([
    0,
    expect.stringContaining("ledger export --format csv|hledger|beancount"),
  ]);
  expect([own.code, own.stdout]).toEqual([0, expect.stringMatching(/oi ledger export[\s\S]*--application/)]);
  expect(unknown).toMatchObject({ code: 2, stdout: "" });
});

it("says what is missing or wrong, in a sentence, and ends with 2", async () => {
  const refusals: readonly (readonly [string[], string])[] = [
    [["verify", "--application", "0", "--mode", "LIVE"], "Give the application's number: --application 1"],
    [["verify", "--application", "1", "--mode", "live"], "Give the mode: --mode TEST or --mode LIVE"],
    [["verify", ...named, "--loud"], "Unknown option '--loud'"],
    [["export", ...ofBook()], "Give the format: --format csv, hledger or beancount"],
    [["verify", ...ofBook(), "--application", "999999"], "Book not found. (BOOK_NOT_FOUND)"],
  ];
  const answers = await Promise.all(refusals.map(([args]) => oi("ledger", ...args)));
  for (const [i, { code, stdout, stderr }] of answers.entries()) {
    expect([code, stdout]).toEqual([2, ""]);
    expect(stderr).toContain(refusals[i]?.[1]);
  }
}, 30_000);
