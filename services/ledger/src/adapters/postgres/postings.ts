import { assert } from "@oi/kernel/assert";
import type { Scope } from "@oi/kernel/scope";
import type { OutboxEvent } from "@oi/platform/events/envelope";
import type { Database, Sql } from "@oi/platform/postgres/client";
import type { PostingOutcome, Postings } from "../../application/ports.ts";
import type { Draft } from "../../domain/draft.ts";
import { type Batch, eventOf, toBatch } from "./batch.ts";
import { bookId } from "./book-id.ts";
import { exactNumber } from "./rows.ts";

type Row = { readonly code: PostingOutcome["code"]; readonly txn_seq: string };

/** Makes the announcement that leaves with a posting; null when there is none. */
export type PostingAnnouncement = (scope: Scope, draft: Draft) => OutboxEvent | null;

/** One call is one batch, one block and one commit. */
export function postgresPostings(
  database: Database,
  { announce }: { readonly announce: PostingAnnouncement },
): Postings {
  return {
    post: async (scope, drafts) => {
      if (drafts.length === 0) return [];
      const outbox = drafts.map((draft) => {
        const event = announce(scope, draft);
        return event ? JSON.stringify(event) : "";
      });
      const rows = await database.run((sql) => postBatch(sql, bookId(scope), toBatch(drafts), outbox));
      assert(rows.length === drafts.length, "post_batch answers with one row per item");
      return rows.map((row) => ({ code: row.code, seq: exactNumber(row.txn_seq) }));
    },
  };
}

/**
 * One round trip, one commit. Dates, truth values and numbers travel as text: the driver would send an array of dates
 * through the platform's Date, and takes an array of booleans for one.
 */
function postBatch(sql: Sql, book: string, batch: Batch, outbox: readonly string[]): Promise<Row[]> {
  const { drafts, accounts } = batch;
  return sql<Row[]>`
    select code, txn_seq::text from ledger.post_batch(
      ${book}::bigint,
      ${drafts.map((d) => d.key)}::text[],
      ${drafts.map((d) => Buffer.from(d.requestHash).toString("hex"))}::text[],
      ${drafts.map((d) => d.kind)}::smallint[],
      ${drafts.map((d) => d.rule)}::smallint[],
      ${drafts.map((d) => d.businessDate)}::text[]::date[],
      ${drafts.map((d) => d.occurredAt)}::bigint[],
      ${drafts.map((d) => d.reference)}::text[],
      ${drafts.map(eventOf)}::uuid[],
      ${drafts.map((d) => d.source?.subject ?? "")}::text[],
      ${drafts.map((d) => d.reversesSeq ?? 0)}::bigint[],
      ${drafts.map((d) => d.actor)}::text[],
      ${drafts.map((d) => d.approver ?? "")}::text[],
      ${drafts.map((d) => d.details)}::text[],
      ${[...outbox]}::text[],
      ${accounts.map((a) => a.path)}::text[],
      ${accounts.map((a) => a.currency)}::text[],
      ${accounts.map((a) => a.clearing)}::text[]::boolean[],
      ${accounts.map((a) => a.mayOpen)}::text[]::boolean[],
      ${accounts.map((a) => a.maxBalance)}::bigint[],
      ${[...batch.legItems]}::int[],
      ${[...batch.legAccounts]}::int[],
      ${[...batch.legAmounts]}::bigint[],
      ${[...batch.legRefs]}::text[],
      ${[...batch.boundItems]}::int[],
      ${[...batch.boundAccounts]}::int[],
      ${[...batch.boundMins]}::bigint[],
      ${[...batch.boundMaxs]}::bigint[])
    order by item`;
}
