import { assert } from "@oi/kernel/assert";
import type { Database, Sql } from "@oi/platform/postgres/client";
import type { PostingOutcome, Postings } from "../../application/ports.ts";
import { type Batch, eventOf, toBatch } from "./batch.ts";
import { bookId } from "./book-id.ts";
import { exactNumber } from "./rows.ts";

type Row = { readonly code: PostingOutcome["code"]; readonly txn_seq: string };

export function postgresPostings(database: Database): Postings {
  return {
    post: async (scope, drafts) => {
      if (drafts.length === 0) return [];
      const rows = await database.run((sql) => postBatch(sql, bookId(scope), toBatch(drafts)));
      assert(rows.length === drafts.length, "post_batch answers with one row per item");
      return rows.map((row) => ({ code: row.code, seq: exactNumber(row.txn_seq) }));
    },
  };
}

/**
 * One round trip, one commit. Dates, truth values and numbers travel as text: the driver would send an array of dates
 * through the platform's Date, and takes an array of booleans for one.
 */
function postBatch(sql: Sql, book: string, batch: Batch): Promise<Row[]> {
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
      ${drafts.map((d) => d.actor)}::text[],
      ${drafts.map((d) => d.details)}::text[],
      ${accounts.map((a) => a.path)}::text[],
      ${accounts.map((a) => a.currency)}::text[],
      ${accounts.map((a) => a.clearing)}::text[]::boolean[],
      ${[...batch.legItems]}::int[],
      ${[...batch.legAccounts]}::int[],
      ${[...batch.legAmounts]}::bigint[],
      ${[...batch.legRefs]}::text[])
    order by item`;
}
