import type { Mode } from "@oi/kernel/scope";
import type { Database } from "@oi/platform/postgres/client";
import { postgresCode } from "@oi/platform/postgres/errors";
import type { Claim, DeliveryQueue, Job } from "../../application/ports.ts";
import type { DeliveryKind } from "../../domain/delivery.ts";
import { readLost, readOverdue } from "./overdue-rows.ts";
import { repairDeliveries } from "./repair-deliveries.ts";
import { type EncodeNotice, toFactsJson, toResultJson } from "./result-json.ts";
import { type ClaimRow, type SecretJson, toClaim, toNumber, toNumberOrNull, toSecret } from "./rows.ts";

/** How many endpoints one claim looks at. */
const ENDPOINTS_PER_CLAIM = 64;
const LOCK_TIMEOUT = "55P03";

type JobRow = {
  readonly id: string;
  readonly endpoint_id: string;
  readonly application_id: string;
  readonly mode: Mode;
  readonly event_id: string;
  readonly kind: DeliveryKind;
  readonly first_fail_ms: string | null;
  readonly fail_count: number;
  readonly warned: number;
  readonly url: string;
  readonly bytes: Uint8Array;
  readonly secrets: readonly SecretJson[];
};

function toJob(row: JobRow, claim: Claim): Job {
  return {
    ...claim,
    endpointId: toNumber(row.endpoint_id),
    applicationId: toNumber(row.application_id),
    mode: row.mode,
    eventId: row.event_id,
    kind: row.kind,
    url: row.url,
    body: row.bytes,
    health: {
      firstFailAt: toNumberOrNull(row.first_fail_ms),
      failCount: row.fail_count,
      warned: row.warned,
    },
    secrets: row.secrets.map(toSecret),
  };
}

/** Another process holds the claim's lock for long: that is no trouble, the next turn asks again. */
async function unlessLocked<T>(work: Promise<readonly T[]>): Promise<readonly T[]> {
  try {
    return await work;
  } catch (error) {
    if (postgresCode(error) === LOCK_TIMEOUT) return [];
    throw error;
  }
}

async function loadJobs(database: Database, claims: readonly Claim[]): Promise<readonly Job[]> {
  const byDelivery = new Map(claims.map((claim) => [claim.deliveryId, claim]));
  const rows = await database.run(
    (sql) => sql<JobRow[]>`
      select d.id, d.endpoint_id, d.application_id, d.mode, d.event_id, d.kind, e.url, b.bytes, e.fail_count, e.warned,
        (extract(epoch from e.first_fail_at) * 1000)::bigint as first_fail_ms,
        (select coalesce(jsonb_agg(jsonb_build_object('version', s.version, 'kekId', s.kek_id,
            'ciphertext', encode(s.ciphertext, 'hex'), 'nonce', encode(s.nonce, 'hex')) order by s.version desc), '[]')
         from endpoint_secret s
         where s.endpoint_id = d.endpoint_id and s.alg = 'v1' and s.revoked_at is null
           and (s.expires_at is null or s.expires_at > clock_timestamp())) as secrets
      from delivery d
      join endpoint e on e.id = d.endpoint_id
      join event_body b on b.event_id = d.event_id and b.schema_version = d.schema_version and b.style = d.style
      where d.id = any(${[...byDelivery.keys()]}::bigint[]) and e.url is not null`,
  );
  return rows.flatMap((row) => {
    const claim = byDelivery.get(toNumber(row.id));
    return claim ? [toJob(row, claim)] : [];
  });
}

/** Deliveries as rows; the two functions of the schema decide who sends what, and what a result may change. */
export function postgresDeliveryQueue(
  database: Database,
  { encode, timeScale }: { readonly encode: EncodeNotice; readonly timeScale: number },
): DeliveryQueue {
  return {
    claim: async (limits) => {
      const { worker, slots, testSlots, suspectSlots, hostCap, applicationCap, applicationCaps, leaseMs } =
        limits;
      const rows = await unlessLocked(
        database.run(
          (sql) => sql<ClaimRow[]>`
            select delivery_id, token, attempt, tries, claimed_at::text as claimed_at,
                   (extract(epoch from claimed_at) * 1000)::bigint as claimed_ms
            from claim_deliveries(${worker}, ${slots}::int, ${testSlots}::int, ${suspectSlots}::int,
              ${ENDPOINTS_PER_CLAIM}::int, ${leaseMs} * interval '1 millisecond', ${hostCap}::int,
              ${applicationCap}::int, ${JSON.stringify(applicationCaps)}::text::jsonb)`,
        ),
      );
      return rows.map(toClaim);
    },
    load: (claims) => loadJobs(database, claims),
    record: async (results) => {
      if (results.length === 0) return;
      const json = JSON.stringify(results.map((result) => toResultJson(result, encode)));
      const facts = JSON.stringify(toFactsJson(results));
      await database.run(
        (sql) =>
          sql`select record_attempts(${json}::text::jsonb, ${facts}::text::jsonb, ${timeScale}::float8)`,
      );
    },
    lost: (limit) => readLost(database, limit),
    overdue: (ageLimitMs, limit) => readOverdue(database, ageLimitMs, limit),
    park: async (notices) => {
      const json = JSON.stringify(
        notices.map((notice) => ({ delivery_id: notice.deliveryId, ...encode(notice) })),
      );
      const rows = await database.run(
        (sql) => sql`
          with n as materialized (
            select * from jsonb_to_recordset(${json}::text::jsonb) as x (
              delivery_id bigint, id text, subject text, aggregate text, version bigint, headers jsonb, payload text)
            order by delivery_id),
          parked as (
            update delivery d set state = 'PARKED', done_at = clock_timestamp(), updated_at = clock_timestamp()
            from n where d.id = n.delivery_id and d.state = 'PENDING' returning d.id)
          insert into outbox (id, subject, aggregate, version, headers, payload)
          select n.id, n.subject, n.aggregate, n.version, n.headers, n.payload
          from n join parked on parked.id = n.delivery_id returning id`,
      );
      return rows.length;
    },
    repair: (limit) => repairDeliveries(database, limit),
    recover: async ({ batch, pendingLimit }) => {
      const [row] = await database.run(
        (sql) => sql<{ more: boolean }[]>`
          select recover_batch(${batch}::int, ${pendingLimit}::int) as more`,
      );
      return row?.more ? "more" : "idle";
    },
  };
}
