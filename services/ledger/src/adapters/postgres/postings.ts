import { assert } from "@oi/kernel/assert";
import type { Scope } from "@oi/kernel/scope";
import type { OutboxEvent } from "@oi/platform/events/envelope";
import type { Database, Sql } from "@oi/platform/postgres/client";
import type { PostingOutcome, Postings } from "../../application/ports.ts";
import type { Draft } from "../../domain/draft.ts";
import { bytesArray, plainArray, textArray } from "./array-literals.ts";
import { type Batch, eventOf, toBatch } from "./batch.ts";
import { bookId } from "./book-id.ts";
import { exactNumber } from "./rows.ts";

/** One word per item, with spaces between. */
type Row = { readonly codes: string; readonly seqs: string };

/** Makes the announcement that leaves with a posting; null when there is none. */
export type PostingAnnouncement = (scope: Scope, draft: Draft) => OutboxEvent | null;

/** One call is one batch, one block and one commit. */
export function postgresPostings(
  database: Database,
  { announce }: { readonly announce: PostingAnnouncement },
): Postings {
  /** An element per draft, empty where it has nothing to announce; none when there is nothing at all. */
  const announcements = (scope: Scope, drafts: readonly Draft[]): readonly string[] => {
    const events = drafts.map((draft) => announce(scope, draft));
    return events.some(Boolean) ? events.map((event) => (event ? JSON.stringify(event) : "")) : [];
  };

  return {
    post: async (scope, drafts) => {
      if (drafts.length === 0) return [];
      const outbox = announcements(scope, drafts);
      const [row] = await database.run((sql) => postBatch(sql, bookId(scope), toBatch(drafts), outbox));
      const codes = (row?.codes.split(" ") ?? []) as PostingOutcome["code"][];
      const seqs = row?.seqs.split(" ") ?? [];
      assert(codes.length === drafts.length, "post_batch answers for every item");
      return codes.map((code, i) => ({ code, seq: exactNumber(seqs[i] ?? "") }));
    },
  };
}

/** One round trip, one commit. */
function postBatch(sql: Sql, book: string, batch: Batch, outbox: readonly string[]): Promise<Row[]> {
  const { drafts, accounts } = batch;
  return sql<Row[]>`
    select codes, seqs from ledger.post_batch(
      ${book}::bigint,
      ${textArray(drafts.map((d) => d.key))}::text[],
      ${bytesArray(drafts.map((d) => d.requestHash))}::bytea[],
      ${plainArray(drafts.map((d) => d.kind))}::smallint[],
      ${plainArray(drafts.map((d) => d.rule))}::smallint[],
      ${plainArray(drafts.map((d) => d.businessDate))}::date[],
      ${plainArray(drafts.map((d) => d.occurredAt))}::bigint[],
      ${textArray(drafts.map((d) => d.reference))}::text[],
      ${plainArray(drafts.map(eventOf))}::uuid[],
      ${textArray(drafts.map((d) => d.source?.subject ?? ""))}::text[],
      ${plainArray(drafts.map((d) => d.reversesSeq ?? 0))}::bigint[],
      ${textArray(drafts.map((d) => d.actor))}::text[],
      ${textArray(drafts.map((d) => d.approver ?? ""))}::text[],
      ${textArray(drafts.map((d) => d.details))}::text[],
      ${plainArray(drafts.map((d) => d.legs.length))}::smallint[],
      ${textArray(outbox)}::text[],
      ${textArray(accounts.map((a) => a.path))}::text[],
      ${textArray(accounts.map((a) => a.currency))}::text[],
      ${plainArray(accounts.map((a) => a.clearing))}::boolean[],
      ${plainArray(accounts.map((a) => a.mayOpen))}::boolean[],
      ${plainArray(accounts.map((a) => a.maxBalance))}::bigint[],
      ${plainArray(batch.legAccounts)}::int[],
      ${plainArray(batch.legAmounts)}::bigint[],
      ${textArray(batch.legRefs)}::text[],
      ${plainArray(batch.boundItems)}::int[],
      ${plainArray(batch.boundAccounts)}::int[],
      ${plainArray(batch.boundMins)}::bigint[],
      ${plainArray(batch.boundMaxs)}::bigint[])`;
}
