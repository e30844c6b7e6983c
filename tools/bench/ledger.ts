import { randomBytes } from "node:crypto";
import { loadavg } from "node:os";
import { parseArgs } from "node:util";
import { formatUuid, uuidV7 } from "@oi/kernel/id";
import type { Scope } from "@oi/kernel/scope";
import { nodeSha256 } from "../../services/ledger/src/adapters/node/sha256.ts";
import type { Postings } from "../../services/ledger/src/application/ports.ts";
import type { Draft } from "../../services/ledger/src/domain/draft.ts";
import { draftOf } from "../../services/ledger/src/domain/posting-rules.ts";
import { cpuOfFamily } from "./support/cpu.ts";
import { type LedgerStage, openLedgerStage } from "./support/ledger-stage.ts";
import { median, percentile, table, whole } from "./support/statistics.ts";

const USAGE = `Measures the ledger on a PostgreSQL of its own whose commits are flushed.

  npm run bench -- ledger [--seconds 4] [--rounds 3] [--entries 1000000]

  --seconds   how long each way of posting runs in a round      --rounds    medians are taken over them
  --entries   how many entries the book has for the second look at old balances; 10000000 takes long

Ways: "lane" is the service's own (what waits is the next batch), 1000 postings in flight; "alone" is the same function
with one posting per commit, on 8 connections; "plain" is no function at all but one statement per posting (header,
four entries, three balances; no checks, no chain) on the same hot accounts, best of 1, 8 and 32 connections; "spread"
is the lane over a thousand gateways instead of one.
`;

type Result = { readonly perSecond: number; readonly cpuMicros: number };

let paymentId = 0;

/** A capture of 600.00 with a fee: four legs on three accounts. */
function posting(scope: Scope, gateway: string): Draft {
  paymentId += 1;
  const now = 1_790_000_000_000 + paymentId;
  const fact = {
    kind: "CAPTURE" as const,
    source: { eventUuid: formatUuid(uuidV7(now, randomBytes(10))), subject: "payments.payment.succeeded" },
    scope,
    occurredAt: now,
    paymentId,
    attemptId: paymentId,
    gateway,
    gatewayTxnId: `GW-${paymentId}`,
    amount: { amountMinor: 60_000n, currency: "BDT" },
    settlement: { currency: "BDT", grossMinor: 60_000n, storeMinor: 58_500n },
  };
  return draftOf(fact, { utcOffsetMinutes: 360 }, nodeSha256);
}

/** Lets `clients` post one after the other for so long. */
async function keepPosting(
  stage: LedgerStage,
  options: { readonly clients: number; readonly seconds: number; readonly post: () => Promise<unknown> },
): Promise<Result> {
  const cpuBefore = cpuOfFamily(stage.serverPid);
  const fromMs = performance.now();
  const untilMs = fromMs + options.seconds * 1_000;
  let count = 0;
  const client = async (): Promise<void> => {
    while (performance.now() < untilMs) {
      await options.post();
      count += 1;
    }
  };
  await Promise.all(Array.from({ length: options.clients }, client));
  const seconds = (performance.now() - fromMs) / 1_000;
  const cpuMs = cpuOfFamily(stage.serverPid) - cpuBefore;
  return { perSecond: count / seconds, cpuMicros: (cpuMs * 1_000) / Math.max(1, count) };
}

const HOT = { applicationId: 1, mode: "LIVE" } as const;
const SPREAD = { applicationId: 2, mode: "LIVE" } as const;
const gatewayOf = (n: number): string => `gw-${n % 1_000}`;

/** What a programmer writes who wants each posting committed: no checks, no chain, nothing kept for proof. */
async function makePlain({ admin }: LedgerStage): Promise<void> {
  await admin.unsafe(`
    create table plain_txn (id bigint generated always as identity primary key, key text unique, at timestamptz default now());
    create table plain_entry (txn bigint, leg smallint, account int, amount bigint, primary key (txn, leg));
    create table plain_balance (account int primary key, balance bigint not null) with (fillfactor = 10);
    insert into plain_balance values (1, 0), (2, 0), (3, 0)`);
}

async function postPlain({ admin }: LedgerStage): Promise<void> {
  paymentId += 1;
  await admin`
    with locked as materialized (select account from plain_balance order by account for no key update),
    t as (insert into plain_txn (key) values (${`payment:${paymentId}`}) returning id),
    e as (insert into plain_entry select t.id, l.leg, l.account, l.amount
      from t, (values (1, 1, 60000), (2, 2, -60000), (3, 3, 1500), (4, 1, -1500)) as l (leg, account, amount))
    update plain_balance b set balance = b.balance + d.amount
    from locked join (values (1, 58500), (2, -60000), (3, 1500)) as d (account, amount) using (account)
    where b.account = locked.account`;
}

type Way = { readonly name: string; readonly run: () => Promise<Result> };

function waysOf(stage: LedgerStage, seconds: number): readonly Way[] {
  const through = (postings: Postings, scope: Scope, gateway: () => string) => () =>
    postings.post(scope, [posting(scope, gateway())]);
  const measure = (clients: number, post: () => Promise<unknown>) => () =>
    keepPosting(stage, { clients, seconds, post });
  const best = async (): Promise<Result> => {
    const results: Result[] = [];
    for (const clients of [1, 8, 32])
      results.push(await keepPosting(stage, { clients, seconds: seconds / 3, post: () => postPlain(stage) }));
    return results.reduce((a, b) => (a.perSecond > b.perSecond ? a : b));
  };
  const hot = (): string => "sslcommerz";
  return [
    { name: "lane, 1000 in flight, hot", run: measure(1_000, through(stage.lane, HOT, hot)) },
    {
      name: "lane, 1000 in flight, spread",
      run: measure(
        1_000,
        through(stage.lane, SPREAD, () => gatewayOf(paymentId)),
      ),
    },
    { name: "lane, 16 in flight, hot", run: measure(16, through(stage.lane, HOT, hot)) },
    { name: "alone, 8 connections, hot", run: measure(8, through(stage.direct, HOT, hot)) },
    { name: "plain, best of 1, 8, 32", run: best },
  ];
}

/** Microseconds of a balance as of a random sequence, on a connection that is warm. */
async function oldBalances(
  stage: LedgerStage,
  lookups: number,
): Promise<{ readonly p50: number; readonly p99: number }> {
  const key = { path: "Assets:Gateway:Sslcommerz:Receivable", currency: "BDT" };
  const last = (await stage.reads.account(HOT, key))?.asOfSeq ?? 0;
  const times: number[] = [];
  for (let i = 0; i < lookups; i += 1) {
    const seq = 1 + Math.floor(Math.random() * last);
    const fromMs = performance.now();
    await stage.reads.account(HOT, key, { at: "SEQ", seq });
    times.push((performance.now() - fromMs) * 1_000);
  }
  const sorted = times.slice(lookups / 10).sort((a, b) => a - b);
  return { p50: median(sorted), p99: percentile(sorted, 0.99) };
}

async function entriesOf({ admin }: LedgerStage): Promise<number> {
  const [row] = await admin<{ count: string }[]>`select count(*) from ledger.entry where book_id = 1`;
  return Number(row?.count ?? 0);
}

async function fillTo(stage: LedgerStage, entries: number): Promise<void> {
  let missing = Math.ceil((entries - (await entriesOf(stage))) / 4);
  while (missing > 0) {
    const size = Math.min(5_000, missing);
    await stage.lane.post(
      HOT,
      Array.from({ length: size }, () => posting(HOT, "sslcommerz")),
    );
    missing -= size;
  }
  await stage.admin`vacuum analyze ledger.entry`;
}

async function flushMicros({ admin }: LedgerStage): Promise<number> {
  await admin`create table if not exists flush (n int)`;
  const times: number[] = [];
  for (let i = 0; i < 50; i += 1) {
    const fromMs = performance.now();
    await admin`insert into flush values (1)`;
    times.push((performance.now() - fromMs) * 1_000);
  }
  return median(times);
}

const print = (text: string): void => void process.stdout.write(text);

/** `npm run bench -- ledger`. Refuses to measure on a server that does not flush. */
export async function run(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      seconds: { type: "string", default: "4" },
      rounds: { type: "string", default: "3" },
      entries: { type: "string", default: "1000000" },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return print(USAGE);
  await using stage = await openLedgerStage();
  const [row] = await stage.admin<{ fsync: string; synchronous_commit: string }[]>`
    select current_setting('fsync') as fsync, current_setting('synchronous_commit') as synchronous_commit`;
  if (row?.fsync !== "on" || row.synchronous_commit !== "on")
    throw new Error("a server that does not flush measures nothing");
  print(
    `PostgreSQL ${stage.version}, fsync on, one commit ${whole(await flushMicros(stage))} µs, load ${loadavg()[0]?.toFixed(1)}\n`,
  );
  await makePlain(stage);
  for (const scope of [HOT, SPREAD]) await stage.books.open(scope);
  await stage.lane.post(
    SPREAD,
    Array.from({ length: 1_000 }, (_, n) => posting(SPREAD, gatewayOf(n))),
  );
  await fillTo(stage, 10_000);
  const small = { entries: await entriesOf(stage), ...(await oldBalances(stage, 500)) };
  const ways = waysOf(stage, Number(values.seconds));
  const results = new Map<string, Result[]>(ways.map(({ name }) => [name, []]));
  for (let round = 0; round < Number(values.rounds); round += 1)
    for (const { name, run: measure } of ways) results.get(name)?.push(await measure());
  report(ways, results);
  await fillTo(stage, Number(values.entries));
  const large = { entries: await entriesOf(stage), ...(await oldBalances(stage, 500)) };
  print("\nbalance as of a sequence\n");
  const rows = [small, large].map(({ entries, p50, p99 }) => [whole(entries), whole(p50), whole(p99)]);
  print(table([["entries", "p50 µs", "p99 µs"], ...rows]));
  print(
    `  large ÷ small ${(large.p50 / small.p50).toFixed(2)} (goal ≤ 3)   load ${loadavg()[0]?.toFixed(1)}\n`,
  );
}

function report(ways: readonly Way[], results: ReadonlyMap<string, readonly Result[]>): void {
  const of = (name: string, pick: (result: Result) => number): number =>
    median((results.get(name) ?? []).map(pick));
  const rows = ways.map(({ name }) => [
    name,
    whole(of(name, (r) => r.perSecond)),
    whole(of(name, (r) => r.cpuMicros)),
  ]);
  print("\nposting (4 legs, 3 accounts; medians of the rounds)\n");
  print(table([["", "postings/s", "server CPU µs each"], ...rows]));
  const [lane, spread, , alone, plain] = ways.map(({ name }) => of(name, (r) => r.perSecond));
  const ratio = (a = 0, b = 1): string => (a / b).toFixed(2);
  print(
    `  lane ÷ plain ${ratio(lane, plain)} (goal ≥ 3)   lane ÷ alone ${ratio(lane, alone)} (goal ≥ 10)   `,
  );
  print(`hot ÷ spread ${ratio(lane, spread)} (goal ≥ 0.9)\n`);
}
