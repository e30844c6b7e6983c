import { assert } from "@oi/kernel/assert";
import type { Scope } from "@oi/kernel/scope";
import type { Database, Sql } from "@oi/platform/postgres/client";
import type { Adjustments } from "../../application/ports.ts";
import {
  type Adjustment,
  type AdjustmentState,
  contentOf,
  type Refusal,
  type RejectionCode,
} from "../../domain/adjustment.ts";
import { toHex } from "../../domain/canonical-bytes.ts";
import { bookId } from "./book-id.ts";
import { readInBook, writeInBook } from "./in-book.ts";
import { exactNumber } from "./rows.ts";

type Row = {
  readonly id: string;
  readonly content: string;
  readonly content_hash: Buffer;
  readonly maker: string;
  readonly status: "PROPOSED" | "APPROVED" | "DECLINED" | "EXPIRED" | "INVALID";
  readonly checker: string | null;
  readonly decision: string | null;
  readonly decided_ms: string | null;
  readonly created_ms: string;
  readonly expires_ms: string;
  readonly seq: string | null;
  readonly code: RejectionCode | null;
};

/** With what the book says of it: an approved one is posted or refused under its own key. */
function columns(sql: Sql) {
  return sql`
    a.id::text, a.content, a.content_hash, a.maker, a.status, a.checker, a.decision,
    floor(extract(epoch from a.decided_at) * 1000)::bigint::text as decided_ms,
    floor(extract(epoch from a.created_at) * 1000)::bigint::text as created_ms,
    floor(extract(epoch from a.expires_at) * 1000)::bigint::text as expires_ms,
    (select t.seq::text from ledger.txn t where t.book_id = a.book_id and t.idem_key = 'adjustment:' || a.id) as seq,
    (select r.code from ledger.rejection r where r.book_id = a.book_id and r.idem_key = 'adjustment:' || a.id) as code`;
}

export function postgresAdjustments(database: Database): Adjustments {
  const find = async (scope: Scope, fits: (sql: Sql) => ReturnType<Sql>): Promise<Adjustment | null> => {
    const [row] = await readInBook(
      database,
      scope,
      (sql) => sql<Row[]>`
        select ${columns(sql)} from ledger.adjustment a where a.book_id = ${bookId(scope)} and ${fits(sql)}`,
    );
    return row ? toAdjustment(row) : null;
  };

  return {
    propose: async (scope, { key, content, contentHash, maker, refusal }) => {
      await writeInBook(
        database,
        scope,
        (sql) => sql`
          insert into ledger.adjustment (book_id, idem_key, content, content_hash, maker, status, decision, decided_at)
          values (${bookId(scope)}, ${key}, ${content}, ${Buffer.from(contentHash)}, ${maker},
            ${refusal ? "INVALID" : "PROPOSED"}, ${refusal && JSON.stringify(refusal)},
            ${refusal ? sql`clock_timestamp()` : null})
          on conflict do nothing`,
      );
      const kept = await find(scope, (sql) => sql`a.idem_key = ${key}`);
      assert(kept !== null, "a proposal that was kept can be read");
      const isSame = toHex(kept.contentHash) === toHex(contentHash) && kept.maker === maker;
      return isSame ? kept : "KEY_CONFLICT";
    },
    decide: async (scope, id, decision) => {
      const rows = await writeInBook(
        database,
        scope,
        (sql) => sql`
          update ledger.adjustment set status = ${decision.status}, checker = ${decision.checker},
            decision = ${decision.status === "DECLINED" ? decision.why : null}, decided_at = clock_timestamp()
          where book_id = ${bookId(scope)} and id = ${id} and status = 'PROPOSED' and maker <> ${decision.checker}
            and expires_at > clock_timestamp()
          returning id`,
      );
      return rows.length > 0;
    },
    byId: (scope, id) => find(scope, (sql) => sql`a.id = ${id}`),
    list: async (scope, { proposedOnly, before, limit }) => {
      const rows = await readInBook(
        database,
        scope,
        (sql) => sql<Row[]>`
          select ${columns(sql)} from ledger.adjustment a
          where a.book_id = ${bookId(scope)} and (not ${proposedOnly}::boolean or a.status = 'PROPOSED')
            and (${before}::bigint is null or a.id < ${before}::bigint)
          order by a.id desc limit ${limit}`,
      );
      return rows.map(toAdjustment);
    },
    undone: async (afterSeconds, limit) => {
      const rows = await database.run(
        (sql) => sql<{ id: string; application_id: string; mode: Scope["mode"] }[]>`
          select id::text, application_id::text, mode from ledger.undone_adjustments(${afterSeconds}, ${limit})`,
      );
      return rows.map((row) => ({
        id: exactNumber(row.id),
        scope: { applicationId: exactNumber(row.application_id), mode: row.mode },
      }));
    },
    expire: async (limit) => {
      const [row] = await database.run(
        (sql) => sql<{ count: number }[]>`select ledger.expire_adjustments(${limit}) as count`,
      );
      return row?.count ?? 0;
    },
  };
}

function toAdjustment(row: Row): Adjustment {
  return {
    id: exactNumber(row.id),
    content: contentOf(row.content),
    contentHash: new Uint8Array(row.content_hash),
    maker: row.maker,
    createdAt: exactNumber(row.created_ms),
    expiresAt: exactNumber(row.expires_ms),
    state: stateOf(row),
  };
}

function stateOf(row: Row): AdjustmentState {
  if (row.status === "PROPOSED" || row.decided_ms === null) return { status: "PROPOSED" };
  const decidedAt = exactNumber(row.decided_ms);
  if (row.status === "INVALID")
    return { status: "INVALID", refusal: JSON.parse(row.decision ?? "") as Refusal, decidedAt };
  if (row.status === "EXPIRED" || row.checker === null) return { status: "EXPIRED", decidedAt };
  const by = { checker: row.checker, decidedAt };
  if (row.status === "DECLINED") return { status: "DECLINED", why: row.decision ?? "", ...by };
  if (row.seq !== null) return { status: "POSTED", seq: exactNumber(row.seq), ...by };
  if (row.code !== null) return { status: "REFUSED", code: row.code, ...by };
  return { status: "APPROVED", ...by };
}
