import { spawn } from "node:child_process";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { connect, createServer, type Socket } from "node:net";
import { createInterface } from "node:readline";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { type Database, openDatabase } from "@oi/platform/postgres/client";
import { afterAll, beforeAll, expect, it } from "vitest";
import { nodeSha256 } from "./adapters/node/sha256.ts";
import { postgresBooks } from "./adapters/postgres/books.ts";
import { groupCommit } from "./adapters/postgres/lane.ts";
import { postgresPostings } from "./adapters/postgres/postings.ts";
import { postgresLedgerReads } from "./adapters/postgres/reads.ts";
import { postgresSnapshots } from "./adapters/postgres/snapshots.ts";
import { verifyBook } from "./application/verify-book.ts";
import { readConfig } from "./config.ts";
import { verified } from "./testing/drain.ts";
import { type DurableLedger, durableLedger } from "./testing/durable-ledger.ts";
import { captured, draft, freshScope } from "./testing/facts.ts";

// Real: a PostgreSQL that flushes, killed as a power cut kills it; a process that posts, killed likewise; a network that
// loses answers. Judge: the number of transactions, and the proof of the book.
let ledger: DurableLedger;
let stack: AsyncDisposableStack;
beforeAll(async () => {
  stack = new AsyncDisposableStack();
  ledger = stack.use(await durableLedger());
});
afterAll(() => stack.disposeAsync());

function open(url: string): Database {
  const { database } = readConfig({ LEDGER_DATABASE_URL: url, NATS_URL: "nats://127.0.0.1" });
  return stack.use(openDatabase(database, "crash"));
}

const laneOver = (database: Database) =>
  groupCommit(postgresPostings(database, { announce: () => null }), {
    lanes: 2,
    queueMax: 10_000,
    pause: (ms) => pause(Math.min(ms, 200)),
  });

async function proof(scope: ReturnType<typeof freshScope>) {
  const snapshots = postgresSnapshots(open(ledger.url), 1);
  const verify = verifyBook({ snapshots, alarms: { raise: async () => {} }, sha256: nodeSha256 });
  const { firstBreak, transactions } = await verified(verify, scope);
  return { firstBreak, transactions };
}

it("posts everything once although PostgreSQL is killed again and again", async () => {
  const scope = freshScope();
  const database = open(ledger.url);
  await postgresBooks(database).open(scope);
  const lane = laneOver(database);
  const PAYMENTS = 1_500;
  const drafts = Array.from({ length: PAYMENTS }, (_, i) => draft(captured({ scope, paymentId: i + 1 })));
  // Every tenth one is brought twice.
  const work = drafts.flatMap((made, i) => (i % 10 === 0 ? [made, made] : [made]));
  let acknowledged = 0;
  const client = async (): Promise<void> => {
    for (let made = work.shift(); made; made = work.shift()) {
      await lane.post(scope, [made]);
      acknowledged += 1;
    }
  };
  const posting = Promise.all(Array.from({ length: 30 }, client));
  for (const share of [0.2, 0.5, 0.8]) {
    while (acknowledged < PAYMENTS * share) await pause(1);
    await ledger.crash();
  }
  await posting;
  expect(await proof(scope)).toEqual({ firstBreak: null, transactions: PAYMENTS });
}, 120_000);

it("posts everything once although the process that posts is killed in the middle", async () => {
  const script = fileURLToPath(new URL("./testing/posting-process.ts", import.meta.url));
  const PAYMENTS = 1_200;
  const acknowledged = new Set<number>();
  const run = async (killAt: number): Promise<number | null> => {
    const child = spawn(process.execPath, [script, ledger.url, String(PAYMENTS)], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const ended = once(child, "close") as Promise<[number | null]>;
    for await (const line of createInterface(child.stdout)) {
      acknowledged.add(Number(line));
      if (acknowledged.size >= killAt) child.kill("SIGKILL");
    }
    return (await ended)[0];
  };
  for (const killAt of [100, 500, 900]) expect(await run(killAt)).toBeNull();
  const scope = { applicationId: 7, mode: "LIVE" } as const;
  const reads = postgresLedgerReads(open(ledger.url));
  for (const paymentId of acknowledged) {
    const key = `payment:${paymentId}:captured`;
    expect(await reads.transaction(scope, { by: "KEY", key })).not.toBeNull();
  }
  expect(await run(Number.POSITIVE_INFINITY)).toBe(0);
  expect(await proof(scope)).toEqual({ firstBreak: null, transactions: PAYMENTS });
}, 120_000);

/** A way to the server that can lose its answers: the commit happens and nobody hears of it. */
async function lossyNetwork(port: number) {
  let loses = 0;
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const upstream = connect(port, "127.0.0.1");
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on("error", () => {});
    }
    client.pipe(upstream);
    upstream.on("data", (bytes) => {
      if (loses > 0) {
        loses -= 1;
        client.destroy();
        upstream.destroy();
      } else client.write(bytes);
    });
    upstream.on("close", () => client.destroy());
    client.on("close", () => upstream.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    loseNextAnswer: () => {
      loses = 1;
    },
    left: () => loses,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}

it("gives the same answer once when the acknowledgement of a commit is lost", async () => {
  const network = stack.use(await lossyNetwork(ledger.port));
  const url = new URL(ledger.url);
  url.port = String(network.port);
  const database = open(url.href);
  const scope = freshScope();
  await postgresBooks(database).open(scope);
  const lane = laneOver(database);
  await lane.post(scope, [draft(captured({ scope, paymentId: 1 }))]);
  for (const paymentId of [2, 3, 4, 5, 6]) {
    const drafts = [paymentId, paymentId + 100].map((id) => draft(captured({ scope, paymentId: id })));
    network.loseNextAnswer();
    const outcomes = await lane.post(scope, drafts);
    expect(network.left()).toBe(0);
    // It was posted by the call whose answer was lost; the second call finds it.
    expect(outcomes.map(({ code }) => code)).toEqual(["REPLAYED", "REPLAYED"]);
  }
  expect(await proof(scope)).toEqual({ firstBreak: null, transactions: 11 });
}, 60_000);
