import { fc } from "@fast-check/vitest";
import type { Scope } from "@oi/kernel/scope";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { LedgerPorts } from "../../application/postings.contract.ts";
import { verifyBook } from "../../application/verify-book.ts";
import type { Draft } from "../../domain/draft.ts";
import type { Transaction } from "../../domain/transaction.ts";
import { verified } from "../../testing/drain.ts";
import { anyCommand, anyFact } from "../../testing/fact-arbitraries.ts";
import { command, draft, freshEventUuid, freshScope, RECORDED_AT } from "../../testing/facts.ts";
import { type PostgresLedger, postgresLedger } from "../../testing/postgres-ledger.ts";
import { memoryLedger } from "../memory/memory-ledger.ts";
import { nodeSha256 } from "../node/sha256.ts";
import { postgresSnapshots } from "./snapshots.ts";

// Real: PostgreSQL. Judge: the same ledger as plain lists in memory, which shares no line with the database.
// A long run: LEDGER_MODEL_RUNS=2000 vitest run --project int services/ledger/src/adapters/postgres/model
const RUNS = Number(process.env.LEDGER_MODEL_RUNS ?? 50);

let ledger: PostgresLedger;
beforeAll(async () => {
  ledger = await postgresLedger();
});
afterAll(() => ledger[Symbol.asyncDispose]());

type Step =
  | { readonly post: readonly Draft[] }
  | { readonly reverse: number; readonly id: number; readonly spoil: boolean }
  | { readonly close: string };

const anyDraft: fc.Arbitrary<Draft> = fc.oneof(
  { weight: 4, arbitrary: anyFact.map(draft) },
  { weight: 3, arbitrary: anyCommand },
);

/** Batches that repeat items of one small set, so that keys, events and whole facts meet within and across batches. */
const anyHistory: fc.Arbitrary<readonly Step[]> = fc
  .array(anyDraft, { minLength: 2, maxLength: 14 })
  .chain((drafts) =>
    fc.array(
      fc.oneof(
        {
          weight: 5,
          arbitrary: fc
            .array(fc.constantFrom(...drafts), { minLength: 1, maxLength: 8 })
            .map((post): Step => ({ post })),
        },
        {
          weight: 2,
          arbitrary: fc.record({
            reverse: fc.integer({ min: 1, max: 12 }),
            id: fc.integer({ min: 10, max: 14 }),
            spoil: fc.boolean(),
          }),
        },
        {
          weight: 1,
          arbitrary: fc
            .constantFrom("Liabilities:Merchant:Payable", "Expenses:WriteOff")
            .map((close) => ({ close })),
        },
      ),
      { minLength: 2, maxLength: 10 },
    ),
  );

const BOTH_TIMES = new Set(["recordedAt", "openedAt", "ageSeconds", "leaf", "blockNo", "occurredAt"]);

/** Without what the two cannot share: their clocks, and the hashes, which only the database keeps. */
function comparable(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value, (name, one) => {
      if (BOTH_TIMES.has(name)) return undefined;
      return typeof one === "bigint" ? String(one) : one;
    }) ?? "null",
  );
}

async function everything({ reads }: LedgerPorts, scope: Scope): Promise<unknown> {
  const all = await reads.allAccounts(scope);
  const items = {
    pathPrefix: "",
    currency: null,
    ref: null,
    minAgeSeconds: 0,
    wrongSignOnly: false,
    after: null,
  };
  const half = Math.floor((all?.asOfSeq ?? 0) / 2);
  const range = { fromSeq: half, toSeq: half + 4, descending: false, afterVersion: null, limit: 100 };
  return comparable([
    all,
    await reads.transactions(scope, { reference: null, ref: null, afterSeq: half, limit: 500 }),
    await reads.openItems(scope, { ...items, limit: 500 }),
    await reads.openItems(scope, { ...items, wrongSignOnly: true, limit: 500 }),
    await reads.allAccounts(scope, { at: "SEQ", seq: half }),
    await reads.allAccounts(scope, { at: "BUSINESS_DATE", date: "2026-01-05" }),
    await reads.statement(scope, { path: "Liabilities:Merchant:Payable", currency: "BDT" }, range),
    await reads.transaction(scope, { by: "KEY", key: "adjustment:1" }),
  ]);
}

/** What a step posts: the reversal is made of what stands in the book. */
async function draftsOf(step: Step, { reads }: LedgerPorts, scope: Scope): Promise<readonly Draft[]> {
  if ("post" in step) return step.post;
  if (!("reverse" in step)) return [];
  const found = await reads.transaction(scope, { by: "SEQ", seq: step.reverse });
  const missing = (await reads.transactions(scope, { reference: null, ref: null, afterSeq: 0, limit: 1 }))[0];
  const original: Transaction | undefined = found && "transaction" in found ? found.transaction : missing;
  if (!original) return [];
  const entries = step.spoil
    ? original.entries.map((e) => ({ ...e, amountMinor: -e.amountMinor }))
    : original.entries;
  return [command({ id: step.id, original: { ...original, seq: step.reverse, entries } })];
}

it("agrees with the model in every answer, and proves itself", async () => {
  const model = memoryLedger({ now: () => RECORDED_AT });
  let compared = 0;
  await fc.assert(
    fc.asyncProperty(anyHistory, async (history) => {
      const scope = freshScope();
      const both: readonly LedgerPorts[] = [ledger.ports, model];
      for (const { books } of both) await books.open(scope);
      // Each run has a book of its own, so its events must be new to the inbox as well.
      const renamed = new Map<string, string>();
      const own = (made: Draft): Draft => {
        if (!made.source) return made;
        const eventUuid = renamed.get(made.source.eventUuid) ?? freshEventUuid();
        renamed.set(made.source.eventUuid, eventUuid);
        return { ...made, source: { ...made.source, eventUuid } };
      };
      for (const step of history) {
        const drafts = (await draftsOf(step, model, scope)).map(own);
        const outcomes = await Promise.all(both.map(({ postings }) => postings.post(scope, drafts)));
        expect(outcomes[0]).toEqual(outcomes[1]);
        if ("close" in step)
          for (const ports of both) await ports.closeAccount(scope, { path: step.close, currency: "BDT" });
        const [theirs, ours] = await Promise.all(both.map((ports) => everything(ports, scope)));
        expect(theirs).toEqual(ours);
        compared += 1;
      }
      const snapshots = postgresSnapshots(ledger.database, 2);
      const proof = verifyBook({ snapshots, alarms: { raise: async () => {} }, sha256: nodeSha256 });
      const { firstBreak } = await verified(proof, scope);
      // Commands come without their proposals here; everything else must be in order.
      expect(firstBreak === null || firstBreak.check === "V14").toBe(true);
    }),
    { numRuns: RUNS, endOnFailure: true },
  );
  expect(compared).toBeGreaterThan(RUNS);
}, 3_600_000);
