import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { silentLogger } from "@oi/platform/telemetry/logger";
import { afterAll, beforeAll, expect, it } from "vitest";
import { createApp, type LedgerApp } from "../../services/ledger/src/app.ts";
import { readConfig } from "../../services/ledger/src/config.ts";
import { freshScope } from "../../services/ledger/src/testing/facts.ts";
import { type PostgresLedger, postgresLedger } from "../../services/ledger/src/testing/postgres-ledger.ts";
import { tellStory } from "../../services/ledger/src/testing/story.ts";

// Real: the command line as a process of its own, the ledger's gRPC door, PostgreSQL.
let ledger: PostgresLedger;
let app: LedgerApp;
const scope = freshScope();
const OI = fileURLToPath(new URL("../oi.ts", import.meta.url));

beforeAll(async () => {
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
});

function oi(...args: readonly string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [OI, ...args], (error, stdout, stderr) => {
      resolve({ code: error ? Number(error.code) : 0, stdout, stderr });
    });
  });
}

const ofBook = () => [
  "--application",
  String(scope.applicationId),
  "--mode",
  "LIVE",
  "--url",
  app.rpc.grpcAddress,
];

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

it("explains itself, and says what is missing", async () => {
  const help = await oi();
  expect([help.code, help.stdout]).toEqual([
    0,
    expect.stringContaining("ledger export --format csv|hledger|beancount"),
  ]);
  expect(await oi("ledger", "sing")).toMatchObject({ code: 2, stdout: "" });
  const { code, stderr } = await oi(
    "ledger",
    "verify",
    "--application",
    "0",
    "--mode",
    "LIVE",
    "--url",
    "127.0.0.1:1",
  );
  expect([code, stderr]).toEqual([1, "Give the application's number: --application 1\n"]);
});
