/**
 * Real: every service, PostgreSQL, NATS, and the checker as a process of its own.
 * Doubles: the gateway is the sandbox. Oracle: rows that are spoilt on purpose, each of which must be found.
 */
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { eventually } from "@oi/testkit/eventually";
import postgres from "postgres";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Harness, startHarness } from "./harness.ts";
import { openCheckout } from "./merchant.ts";

const TOOL = fileURLToPath(new URL("../tools/invariants.ts", import.meta.url));

let oi: Harness;
beforeAll(async () => {
  oi = await startHarness({ transport: "memory" });
  for (const amountMinor of [2_100, 150_000]) {
    const created = await oi.merchant.create({ amountMinor, customerReference: "cust_1" });
    await openCheckout(created.json.data);
    await oi.sandbox.pay(created.json.data.reference);
  }
  await eventually(() => expect(oi.sink.received).toHaveLength(2), { withinMs: 10_000 });
  await eventually(async () => expect(await settled()).toBe(true), { withinMs: 10_000 });
});
afterAll(() => oi?.[Symbol.asyncDispose]());

type Service = "payments" | "ledger" | "webhooks";

async function at<T>(service: Service, work: (sql: postgres.Sql) => Promise<T>): Promise<T> {
  const sql = postgres(oi.databases[service].ownerUrl, { max: 1, onnotice: () => undefined });
  try {
    return await work(sql);
  } finally {
    await sql.end();
  }
}

/** Both results are recorded and both postings made. */
async function settled(): Promise<boolean> {
  const delivered = await at("webhooks", (sql) => sql`select from delivery where state = 'DELIVERED'`);
  const posted = await at("ledger", (sql) => sql`select from ledger.txn`);
  return delivered.length === 2 && posted.length === 2;
}

async function check(): Promise<{ code: number | null; failed: readonly string[]; printed: string }> {
  const { payments, ledger, webhooks } = oi.databases;
  const urls = [
    "--payments",
    payments.ownerUrl,
    "--ledger",
    ledger.ownerUrl,
    "--webhooks",
    webhooks.ownerUrl,
  ];
  const child = spawn(process.execPath, [TOOL, ...urls, "--allow-cidrs", "127.0.0.0/8,::1/128"]);
  let printed = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk: Buffer) => {
      printed += chunk.toString("utf8");
    });
  }
  const code = await new Promise<number | null>((resolve) => child.once("exit", resolve));
  const failed = [...printed.matchAll(/^FAIL (\w+) /gm)].map(([, name]) => name ?? "");
  return { code, failed, printed };
}

it("holds after payments went all the way", async () => {
  const { code, failed, printed } = await check();
  expect(failed, printed).toEqual([]);
  expect(printed.trimEnd().split("\n").at(-1)).toMatch(/^\d\d passed, 0 failed$/);
  expect(code).toBe(0);
});

const SPOILT: readonly (readonly [
  service: Service,
  spoil: string,
  mend: string,
  names: readonly string[],
])[] = [
  [
    "payments",
    "update payment set version = version + 1",
    "update payment set version = version - 1",
    ["C1"],
  ],
  [
    "payments",
    "update payment set amount_minor = amount_minor + 1, paid_minor = paid_minor + 1",
    "update payment set amount_minor = amount_minor - 1, paid_minor = paid_minor - 1",
    ["X2", "X3"],
  ],
  [
    "payments",
    "update outbox set version = version + 40 where subject = 'payments.payment.succeeded'",
    "update outbox set version = version - 40 where subject = 'payments.payment.succeeded'",
    ["C2", "X5"],
  ],
  ["payments", "update charge set mode = 'LIVE'", "update charge set mode = 'TEST'", ["C13"]],
  [
    "payments",
    "update outbox set id = 'x' || id where subject = 'payments.payment.succeeded'",
    "update outbox set id = substr(id, 2) where subject = 'payments.payment.succeeded'",
    ["X1"],
  ],
  [
    "ledger",
    "update ledger.account_balance set debits = debits + 1 where account_id = 1",
    "update ledger.account_balance set debits = debits - 1 where account_id = 1",
    ["L2", "L7"],
  ],
  [
    "ledger",
    "update ledger.book set last_seq = last_seq + 1",
    "update ledger.book set last_seq = last_seq - 1",
    ["L4"],
  ],
  [
    "webhooks",
    "update attempt set outcome = 'HTTP', status = 500",
    "update attempt set outcome = 'OK', status = 200",
    ["W4"],
  ],
  [
    "webhooks",
    "update attempt set body_sha256 = sha256('x')",
    "update attempt a set body_sha256 = b.sha256 from delivery d join event_body b using (event_id) where d.id = a.delivery_id",
    ["W8"],
  ],
  [
    "webhooks",
    "update attempt set remote_ip = '10.0.0.1'",
    "update attempt set remote_ip = '127.0.0.1'",
    ["W9"],
  ],
  ["webhooks", "update delivery set attempts = 2", "update delivery set attempts = 1", ["W3"]],
  ["webhooks", "update attempt set mode = 'LIVE'", "update attempt set mode = 'TEST'", ["W11"]],
  [
    "webhooks",
    "update attempt set response_head = 'pan 4111 1111 1111 1111'",
    "update attempt set response_head = null",
    ["W12"],
  ],
  [
    "webhooks",
    "update inbox set xid = '1'",
    "update inbox i set xid = e.xid from event e where e.id = i.event_id",
    ["W1"],
  ],
];

it.each(SPOILT)("finds what was spoilt in %s by: %s", async (service, spoil, mend, names) => {
  await at(service, (sql) => sql.unsafe(spoil));
  const { code, failed, printed } = await check();
  await at(service, (sql) => sql.unsafe(mend));
  expect(failed, printed).toEqual(expect.arrayContaining([...names]));
  expect(code).toBe(1);
});

it("says with code 2 that it could not look", async () => {
  const child = spawn(process.execPath, [TOOL, "--webhooks", "postgres://nobody@127.0.0.1:1/x"], {
    stdio: "ignore",
  });
  expect(await new Promise((resolve) => child.once("exit", resolve))).toBe(2);
});
