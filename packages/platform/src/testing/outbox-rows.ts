import type { Sql } from "postgres";

export type OutboxRow = {
  readonly id: string;
  readonly published: boolean;
  readonly streamSeq: number | null;
  readonly publishes: number;
};

/** Writes events `evt_<first>` … as a service does, in one transaction, in this order. */
export async function insertEvents(sql: Sql, first: number, howMany: number): Promise<void> {
  await sql`
    insert into outbox (id, subject, aggregate, version, headers, payload)
    select 'evt_' || n, 'things.thing.made', 'thing:' || n, 1,
           jsonb_build_object('ce-id', 'evt_' || n, 'ce-type', 'things.thing.made'), '{"n":' || n || '}'
    from generate_series(${first}::int, ${first + howMany - 1}::int) n order by n`;
}

export async function outboxRows(sql: Sql): Promise<OutboxRow[]> {
  const rows = await sql<OutboxRow[]>`
    select id, published_at is not null as published, stream_seq::int as "streamSeq", publishes from outbox order by seq`;
  return [...rows];
}

export const idsOf = (first: number, howMany: number): string[] =>
  Array.from({ length: howMany }, (_, i) => `evt_${first + i}`);

/** Moves what was published so far beyond the ten minutes in which everything counts as lost. */
export async function letGrowOld(admin: Sql): Promise<void> {
  await admin`update outbox set published_at = published_at - interval '1 hour' where published_at is not null`;
  await admin`update stream_epoch set entered_at = entered_at - interval '2 hours'`;
}
