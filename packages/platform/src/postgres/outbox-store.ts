import type { DatabaseConfig } from "../config/common.ts";
import type { OutboxStore, UnpublishedEvent } from "../events/outbox-relay.ts";
import { openSession, type Sql } from "./client.ts";

/** One number for every service: each has a database of its own. */
const RELAY_LOCK = 7_340_002;

type Row = {
  seq: string;
  created_at: string;
  id: string;
  subject: string;
  headers: Record<string, string>;
  payload: string;
  publishes: number;
};

function toEvent(row: Row): UnpublishedEvent {
  return {
    seq: row.seq,
    createdAt: row.created_at,
    id: row.id,
    subject: row.subject,
    headers: row.headers,
    payload: row.payload,
    publishes: row.publishes,
  };
}

/** In one transaction, which may take its time: it is needed once in the life of a stream and reads a week of events. */
async function enterEpoch(sql: Sql, stream: string, created: string): Promise<number> {
  const [row] = await sql.begin(async (transaction) => {
    await transaction`set local statement_timeout = '60s'`;
    return transaction<{ lost: number }[]>`
      with old as (select created, ack_floor, entered_at from stream_epoch where stream = ${stream} for update),
      entered as (
        insert into stream_epoch (stream, created) values (${stream}, ${created})
        on conflict (stream) do update
        set created = excluded.created, ack_floor = 0, entered_at = clock_timestamp(), checked_at = clock_timestamp()
        where stream_epoch.created <> excluded.created),
      again as (
        update outbox o set published_at = null, stream_seq = null
        from old
        where old.created <> ${created} and o.created_at > clock_timestamp() - interval '7 days'
          and o.published_at >= old.entered_at
          and (o.stream_seq > old.ack_floor or o.published_at > clock_timestamp() - interval '10 minutes')
        returning 1)
      select count(*)::int as lost from again`;
  });
  return row?.lost ?? 0;
}

/** The outbox on a session of its own, whose advisory lock makes one relay per database the leader. */
export function postgresOutboxStore(config: DatabaseConfig, name: string): OutboxStore {
  let leading = false;
  const sql: Sql = openSession(config, name, () => {
    leading = false;
  });
  const count = (rows: { count: number }): number => rows.count;
  return {
    lead: async () => {
      if (leading) return true;
      const [row] = await sql<{ held: boolean }[]>`select pg_try_advisory_lock(${RELAY_LOCK}) as held`;
      leading = row?.held ?? false;
      return leading;
    },
    unpublished: async (limit) => {
      // The table's `seq`, not the text of it that is selected under the same name: that would put 10 before 9.
      const rows = await sql<Row[]>`
        select seq::text, created_at::text, id, subject, headers, payload, publishes
        from outbox where published_at is null order by outbox.seq limit ${limit}`;
      return rows.map(toEvent);
    },
    markPublished: async (events) => {
      // As text: for a parameter of times the driver goes through a Date, which cuts the microseconds off the key.
      await sql`
        update outbox o set published_at = clock_timestamp(), stream_seq = p.stream_seq, publishes = o.publishes + 1
        from unnest(${events.map((e) => e.createdAt)}::text[]::timestamptz[], ${events.map((e) => e.seq)}::bigint[],
                    ${events.map((e) => e.streamSeq)}::bigint[]) as p (created_at, seq, stream_seq)
        where o.created_at = p.created_at and o.seq = p.seq`;
    },
    enterEpoch: async (stream, created) => {
      const [known] = await sql<
        { created: string }[]
      >`select created from stream_epoch where stream = ${stream}`;
      return known?.created === created ? 0 : enterEpoch(sql, stream, created);
    },
    unpublishAbove: async (lastSeq, front) => {
      const above = await sql`
        update outbox set published_at = null, stream_seq = null
        where stream_seq > ${lastSeq} and published_at >= (select max(entered_at) from stream_epoch)
          and created_at > clock_timestamp() - interval '7 days'`;
      if (!front) return count(above);
      // What its age removed is older than the stream keeps, and an hour's grace keeps the two clocks apart.
      const below = await sql`
        update outbox set published_at = null, stream_seq = null
        where stream_seq < ${front.firstSeq} and stream_seq > (select max(ack_floor) from stream_epoch)
          and published_at >= (select max(entered_at) from stream_epoch)
          and published_at > clock_timestamp() - make_interval(days => ${front.maxAgeDays}) + interval '1 hour'
          and created_at > clock_timestamp() - interval '7 days'`;
      return count(above) + count(below);
    },
    unpublishSeqs: async (seqs) => {
      if (seqs.length === 0) return 0;
      const rows = await sql`
        update outbox set published_at = null, stream_seq = null
        where stream_seq = any(${[...seqs]}::bigint[]) and published_at >= (select max(entered_at) from stream_epoch)
          and created_at > clock_timestamp() - interval '7 days'`;
      return count(rows);
    },
    saveAckFloor: async (stream, created, floor) => {
      await sql`
        update stream_epoch set ack_floor = greatest(ack_floor, ${floor}), checked_at = clock_timestamp()
        where stream = ${stream} and created = ${created}`;
    },
    ensurePartitions: async () => {
      await sql`select ensure_outbox_partitions()`;
    },
    [Symbol.asyncDispose]: () => sql.end({ timeout: 1 }),
  };
}
