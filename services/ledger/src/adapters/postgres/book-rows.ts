import type { Scope } from "@oi/kernel/scope";
import type { Database, Sql } from "@oi/platform/postgres/client";
import type { BookHead } from "../../application/ports.ts";
import { bookId } from "./book-id.ts";
import { exactNumber } from "./rows.ts";

export type HeadRow = {
  readonly application_id: string;
  readonly mode: Scope["mode"];
  readonly utc_offset_minutes: number;
  readonly last_seq: string;
  readonly last_block: string;
  readonly head: Buffer;
  readonly recorded_ms: string;
};

export function selectHead(sql: Sql, scope: Scope): Promise<HeadRow[]> {
  return sql<HeadRow[]>`
    select application_id::text, mode, utc_offset_minutes, last_seq::text, last_block::text, head,
      floor(extract(epoch from recorded_at) * 1000)::bigint::text as recorded_ms
    from ledger.book where id = ${bookId(scope)}`;
}

/** Below every id that a book can have. */
const BEFORE_ALL = "-9223372036854775808";

export function selectBooks(
  database: Database,
  page: { readonly after: Scope | null; readonly limit: number },
): Promise<HeadRow[]> {
  return database.run(
    (sql) => sql<HeadRow[]>`
      select application_id::text, mode, utc_offset_minutes, last_seq::text, last_block::text, head,
        floor(extract(epoch from recorded_at) * 1000)::bigint::text as recorded_ms
      from ledger.list_books(${page.after ? bookId(page.after) : BEFORE_ALL}::bigint, ${page.limit})`,
  );
}

export function toHead(row: HeadRow): BookHead {
  return {
    scope: { applicationId: exactNumber(row.application_id), mode: row.mode },
    utcOffsetMinutes: row.utc_offset_minutes,
    lastSeq: exactNumber(row.last_seq),
    lastBlock: exactNumber(row.last_block),
    head: new Uint8Array(row.head),
    recordedAt: exactNumber(row.recorded_ms),
  };
}
