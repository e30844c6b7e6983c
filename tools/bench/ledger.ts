import { loadavg } from "node:os";
import { parseArgs } from "node:util";
import type { Scope } from "@oi/kernel/scope";
import { nodeSha256 } from "../../services/ledger/src/adapters/node/sha256.ts";
import type { Postings } from "../../services/ledger/src/application/ports.ts";
import type { Draft } from "../../services/ledger/src/domain/draft.ts";
import { draftOf } from "../../services/ledger/src/domain/posting-rules.ts";
import { cpuOfFamily } from "./support/cpu.ts";
import { entriesOf, growHotBook } from "./support/ledger-fill.ts";
import { type LedgerStage, openLedgerStage } from "./support/ledger-stage.ts";
import { median, percentile, table, whole } from "./support/statistics.ts";

const USAGE = `Measures the ledger on a PostgreSQL of its own whose commits are flushed.

  npm run bench -- ledger [--seconds 4] [--rounds 3] [--entries 1000000]

  --seconds   how long each way of posting runs in a round      --rounds    medians are taken over them
  --entries   how many entries the book has for the second look at old balances; 10000000 takes some minutes and 5 GB

Ways: "lane" is the service's own (what waits is the next batch), 1000 postings in flight; "alone" is the same function
with one posting per commit, on 8 connections; "plain" is no function at all but one statement per posting (header,
four entries, three balances; no checks, no chain) on the same hot accounts, best of 1, 8 and 32 connections; "spread"
is the lane over a thousand gateways instead of one, and "two legs" a capture without a fee. Server CPU is that of all
PostgreSQL's processes, client CPU that of this one, which also makes the postings out of facts.
`;

type Result = { readonly perSecond: number; readonly serverMicros: number; readonly clientMicros: number };

/** Balances of the past that are looked at in each book; the first tenth warms up. */
const LOOKS = 2_000;

let paymentId = 0;

/** A UUIDv7 whose random part counts: making it costs nothing beside the posting. */
function nextEventUuid(): string {
  const hex = paymentId.toString(16).padStart(12, "0");
  return `0190${hex.slice(0, 4)}-${hex.slice(4, 8)}-7000-8000-${hex}`;
}

/** A capture of 600.00 with a fee: four legs on three accounts; without one, two on two. */
function posting(scope: Scope, gateway: string, storeMinor = 58_500n): Draft {
  paymentId += 1;
  const now = 1_790_000_000_000 + paymentId;
  const fact = {
    kind: "CAPTURE" as const,
    source: { eventUuid: nextEventUuid(), subject: "payments.payment.succeeded" },
    scope,
    occurredAt: now,
    paymentId,
    attemptId: paymentId,
    gateway,
    gatewayTxnId: `GW-${paymentId}`,
    amount: { amountMinor: 60_000n, currency: "BDT" },
    settlement: { currency: "BDT", grossMinor: 60_000n, storeMinor },
  };
  return draftOf(fact, { utcOffsetMinutes: 360 }, nodeSha256);
}

/** Lets `clients` post one after the other for so long. */
async function keepPosting(
  stage: LedgerStage,
  options: { readonly clients: number; readonly seconds: number; readonly post: () => Promise<unknown> },
): Promise<Result> {
  const serverBefore = cpuOfFamily(stage.serverPid);
  const clientBefore = process.cpuUsage();
  const fromMs = performance.now();
  const untilMs = fromMs + options.seconds * 1_000;
  let count = 0;
  const caller = async (): Promise<void> => {
    while (performance.now() < untilMs) {
      await options.post();
      count += 1;
    }
  };
  await Promise.all(Array.from({ length: options.clients }, caller));
  const seconds = (performance.now() - fromMs) / 1_000;
  const client = process.cpuUsage(clientBefore);
  const each = (micros: number): number => micros / Math.max(1, count);
  return {
    perSecond: count / seconds,
    serverMicros: each((cpuOfFamily(stage.serverPid) - serverBefore) * 1_000),
    clientMicros: each(client.user + client.system),
  };
}

const HOT = { applicationId: 1, mode: "LIVE" } as const;
const SPREAD = { applicationId: 2, mode: "LIVE" } as const;
const TWO_LEGS = { applicationId: 3, mode: "LIVE" } as const;
/** 10,000 entries, and never more. */
const SMALL = { applicationId: 4, mode: "LIVE" } as const;
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
  const withoutFee = () => stage.lane.post(TWO_LEGS, [posting(TWO_LEGS, "sslcommerz", 60_000n)]);
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
    { name: "lane, 1000 in flight, hot, two legs", run: measure(1_000, withoutFee) },
    { name: "lane, 16 in flight, hot", run: measure(16, through(stage.lane, HOT, hot)) },
    { name: "alone, 8 connections, hot", run: measure(8, through(stage.direct, HOT, hot)) },
    { name: "plain, best of 1, 8, 32", run: best },
  ];
}

/** Microseconds of a balance as of a random sequence, on warm connections, in turn in a small and in a large book. */
async function lookBack({ reads }: LedgerStage, scopes: readonly Scope[]): Promise<readonly number[][]> {
  const key = { path: "Assets:Gateway:Sslcommerz:Receivable", currency: "BDT" };
  const books = scopes.map((scope) => ({ scope, last: 0, times: [] as number[] }));
  for (const book of books) book.last = (await reads.account(book.scope, key))?.asOfSeq ?? 0;
  for (let i = 0; i < LOOKS; i += 1) {
    for (const { scope, last, times } of books) {
      const seq = 1 + Math.floor(Math.random() * last);
      const fromMs = performance.now();
      await reads.account(scope, key, { at: "SEQ", seq });
      times.push((performance.now() - fromMs) * 1_000);
    }
  }
  return books.map(({ times }) => times.slice(LOOKS / 10).sort((a, b) => a - b));
}

async function reportLooks(stage: LedgerStage): Promise<void> {
  const scopes = [SMALL, HOT];
  const [small = [], large = []] = await lookBack(stage, scopes);
  const rows = await Promise.all(
    [small, large].map(async (times, i) => [
      whole(await entriesOf(stage.admin, scopes[i]?.applicationId ?? 0)),
      whole(median(times)),
      whole(percentile(times, 0.99)),
    ]),
  );
  print("\nbalance as of a sequence\n");
  print(table([["entries", "p50 µs", "p99 µs"], ...rows]));
  const ratio = (median(large) / median(small)).toFixed(2);
  print(`  large ÷ small ${ratio} (goal ≤ 3)   load ${loadavg()[0]?.toFixed(1)}\n`);
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
  for (const scope of [HOT, SPREAD, TWO_LEGS, SMALL]) await stage.books.open(scope);
  await stage.lane.post(
    SPREAD,
    Array.from({ length: 1_000 }, (_, n) => posting(SPREAD, gatewayOf(n))),
  );
  await stage.lane.post(
    SMALL,
    Array.from({ length: 2_500 }, () => posting(SMALL, "sslcommerz")),
  );
  const ways = waysOf(stage, Number(values.seconds));
  const results = new Map<string, Result[]>(ways.map(({ name }) => [name, []]));
  for (let round = 0; round < Number(values.rounds); round += 1)
    for (const { name, run: measure } of ways) results.get(name)?.push(await measure());
  report(ways, results);
  await growHotBook(stage.admin, Number(values.entries));
  await reportLooks(stage);
}

function report(ways: readonly Way[], results: ReadonlyMap<string, readonly Result[]>): void {
  const of = (name: string, pick: (result: Result) => number): number =>
    median((results.get(name) ?? []).map(pick));
  const rows = ways.map(({ name }) => [
    name,
    whole(of(name, (r) => r.perSecond)),
    whole(of(name, (r) => r.serverMicros)),
    whole(of(name, (r) => r.clientMicros)),
  ]);
  print("\nposting (4 legs on 3 accounts where nothing else is said; medians of the rounds)\n");
  print(table([["", "postings/s", "server CPU µs each", "client CPU µs each"], ...rows]));
  const [hot, spread, , few, alone, plain] = ways.map(({ name }) => ({
    rate: of(name, (r) => r.perSecond),
    cpu: of(name, (r) => r.serverMicros),
  }));
  const ratio = (a = 0, b = 1): string => (a / b).toFixed(2);
  print(
    `  lane ÷ plain ${ratio(hot?.rate, plain?.rate)} (goal ≥ 3)   lane ÷ alone ${ratio(hot?.rate, alone?.rate)} (goal ≥ 10)   `,
  );
  print(`hot ÷ spread ${ratio(hot?.rate, spread?.rate)} (goal ≥ 0.9)\n`);
  print(
    `  server CPU: 1000 ÷ 16 in flight ${ratio(hot?.cpu, few?.cpu)} (goal ≤ 0.4)   lane ÷ alone ${ratio(hot?.cpu, alone?.cpu)}\n`,
  );
}
