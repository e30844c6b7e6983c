import { DomainError, notFound } from "@oi/kernel/errors";
import { formatInstant, type Instant } from "@oi/kernel/instant";
import { violates } from "@oi/platform/postgres/errors";
import type { Desk, Once } from "../../application/admin-ports.ts";
import { SCHEMA_VERSION } from "../../domain/body.ts";
import type { DeliveryState } from "../../domain/delivery.ts";
import type { Endpoint } from "../../domain/endpoint.ts";
import { type RecoveryRow, recoveryColumns, type SecretRow, toRecovery, toSecretInfo } from "./admin-rows.ts";
import type { Transaction } from "./application-target.ts";
import { type EndpointRow, endpointColumns, toEndpoint, toNumber } from "./rows.ts";

const timeOrNull = (instant: Instant | null): string | null =>
  instant === null ? null : formatInstant(instant);

async function unlessUrlTaken<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (violates(error, "endpoint_url"))
      throw new DomainError("RESOURCE_ALREADY_EXISTS", "Another endpoint has this URL.", { cause: error });
    throw error;
  }
}

function only<T>(rows: readonly T[]): T {
  const [row] = rows;
  if (row === undefined) throw notFound("Endpoint");
  return row;
}

type DeskParts<K extends keyof Desk> = Pick<Desk, K>;

function endpointRows(
  tx: Transaction,
  { scope, actor }: Once,
): DeskParts<"endpoint" | "countEndpoints" | "insertEndpoint" | "saveEndpoint"> {
  const { applicationId, mode } = scope;
  const log = async (row: EndpointRow): Promise<Endpoint> => {
    await tx`select log_endpoint(e, ${actor}) from endpoint e where e.id = ${row.id}`;
    return toEndpoint(row);
  };
  return {
    endpoint: async (id) => {
      const [row] = await tx<EndpointRow[]>`
        select ${endpointColumns(tx)} from endpoint e
        where e.id = ${id} and e.application_id = ${applicationId} and e.mode = ${mode} for no key update`;
      return row ? toEndpoint(row) : null;
    },
    countEndpoints: async () => {
      await tx`select pg_advisory_xact_lock(hashtext(${`endpoints ${applicationId} ${mode}`}))`;
      const [row] = await tx<{ n: number }[]>`
        select count(*)::int as n from endpoint
        where application_id = ${applicationId} and mode = ${mode} and state <> 'DELETED'`;
      return row?.n ?? 0;
    },
    insertEndpoint: async ({ id, url, hostKey, eventTypes, schemaVersion, description }) => {
      const rows = await unlessUrlTaken(
        tx<EndpointRow[]>`
          insert into endpoint as e (id, application_id, mode, url, host_key, event_types, schema_version, description)
          values (${id}, ${applicationId}, ${mode}, ${url}, ${hostKey}, ${[...eventTypes]}::text[], ${schemaVersion},
                  ${description})
          returning ${endpointColumns(tx)}`,
      );
      return log(only(rows));
    },
    saveEndpoint: async (endpoint) => {
      const { id, url, hostKey, state, disabledReason, eventTypes, schemaVersion, description } = endpoint;
      const rows = await unlessUrlTaken(
        tx<EndpointRow[]>`
          update endpoint e set url = ${url}, host_key = ${hostKey}, state = ${state},
            disabled_reason = ${disabledReason},
            disabled_at = case when ${state} = 'DISABLED' then coalesce(e.disabled_at, clock_timestamp()) end,
            event_types = ${[...eventTypes]}::text[], schema_version = ${schemaVersion},
            description = ${description}, version = e.version + 1, updated_at = clock_timestamp()
          where e.id = ${id} and e.application_id = ${applicationId} and e.mode = ${mode}
          returning ${endpointColumns(tx)}`,
      );
      return log(only(rows));
    },
  };
}

function secretRows(tx: Transaction): DeskParts<"secrets" | "addSecret" | "endSecret" | "prolongSecret"> {
  return {
    secrets: async (endpointId) => {
      const rows = await tx<SecretRow[]>`
        select version, (extract(epoch from active_from) * 1000)::bigint as active_from_ms,
               (extract(epoch from expires_at) * 1000)::bigint as expires_ms,
               (extract(epoch from revoked_at) * 1000)::bigint as revoked_ms
        from endpoint_secret where endpoint_id = ${endpointId} and alg = 'v1' order by version desc`;
      return rows.map(toSecretInfo);
    },
    addSecret: async (endpointId, version, { ciphertext, nonce, kekId }) => {
      const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
      await tx`
        insert into endpoint_secret (endpoint_id, version, alg, ciphertext, nonce, kek_id)
        values (${endpointId}, ${version}, 'v1', decode(${hex(ciphertext)}, 'hex'), decode(${hex(nonce)}, 'hex'),
                ${kekId})`;
    },
    endSecret: async (endpointId, version, at) => {
      await tx`
        update endpoint_secret set
          expires_at = case when ${at === null} then expires_at
                            else least(expires_at, ${timeOrNull(at)}::text::timestamptz) end,
          revoked_at = case when ${at === null} then coalesce(revoked_at, clock_timestamp()) else revoked_at end
        where endpoint_id = ${endpointId} and version = ${version}`;
    },
    prolongSecret: async (endpointId, version) => {
      await tx`
        update endpoint_secret set expires_at = null where endpoint_id = ${endpointId} and version = ${version}`;
    },
  };
}

function deliveryRows(
  tx: Transaction,
  { scope }: Once,
  endpoint: Desk["endpoint"],
): DeskParts<"delivery" | "requeue" | "cancel" | "addTest"> {
  const { applicationId, mode } = scope;
  return {
    delivery: async (id) => {
      const [found] = await tx<{ endpoint_id: string }[]>`
        select endpoint_id from delivery where id = ${id} and application_id = ${applicationId} and mode = ${mode}`;
      const at = found ? await endpoint(toNumber(found.endpoint_id)) : null;
      const [row] = await tx<{ state: DeliveryState }[]>`
        select state from delivery where id = ${id} for no key update`;
      return at && row ? { state: row.state, endpoint: at } : null;
    },
    requeue: async (id) => {
      await tx`
        update delivery set
          round = case state when 'PENDING' then round else round + 1 end,
          tries = case state when 'PENDING' then tries else 0 end,
          kind = case when state = 'PENDING' or kind = 'TEST' then kind else 'MANUAL' end,
          first_due_at = case state when 'PENDING' then first_due_at else clock_timestamp() end,
          state = 'PENDING', next_at = clock_timestamp(), delivered_at = null, done_at = null,
          updated_at = clock_timestamp()
        where id = ${id} and state <> 'LEASED'`;
    },
    cancel: async (id) => {
      await tx`
        update delivery set state = 'CANCELLED', done_at = clock_timestamp(), updated_at = clock_timestamp()
        where id = ${id} and state in ('PENDING', 'PARKED', 'SUSPENDED')`;
    },
    addTest: async (event, body, { id: endpointId, schemaVersion, version }) => {
      const [row] = await tx<{ id: string }[]>`
        with heard as (insert into inbox (event_id, subject) values (${event.id}, ${event.subject})),
        kept as (
          insert into event (id, application_id, mode, type, aggregate, sequence, occurred_at, snapshot)
          values (${event.id}, ${applicationId}, ${mode}, ${event.type}, ${event.aggregate}, ${event.sequence},
                  ${formatInstant(event.occurredAt)}::text::timestamptz, '{}') returning id),
        frozen as (
          insert into event_body (event_id, schema_version, style, bytes, sha256)
          select id, ${SCHEMA_VERSION}::int, 'FULL', convert_to(${body}, 'UTF8'), sha256(convert_to(${body}, 'UTF8'))
          from kept)
        insert into delivery (event_id, endpoint_id, application_id, mode, type, aggregate, sequence, schema_version,
                              style, filter_version, kind)
        select id, ${endpointId}::bigint, ${applicationId}::bigint, ${mode}, ${event.type}, ${event.aggregate},
               ${event.sequence}::bigint, ${schemaVersion}::int, 'FULL', ${version}::bigint, 'TEST'
        from kept returning id`;
      return toNumber(row?.id ?? "");
    },
  };
}

function recoveryRows(
  tx: Transaction,
  { scope, actor }: Once,
): DeskParts<"startRecovery" | "recovery" | "cancelRecovery" | "endRecoveries"> {
  const { applicationId, mode } = scope;
  return {
    startRecovery: async ({ endpointId, scope: what, since, until, eventTypes }) => {
      const [row] = await tx<RecoveryRow[]>`
        insert into recovery as r (endpoint_id, application_id, mode, since, until, event_types, scope, actor)
        values (${endpointId}, ${applicationId}, ${mode}, coalesce(${timeOrNull(since)}::text::timestamptz, '-infinity'),
                coalesce(${timeOrNull(until)}::text::timestamptz, 'infinity'), ${[...eventTypes]}::text[], ${what},
                ${actor})
        on conflict do nothing returning ${recoveryColumns(tx)}`;
      if (!row) throw new DomainError("INVALID_OPERATION_STATE", "A recovery of this endpoint is running.");
      return toRecovery(row);
    },
    recovery: async (id) => {
      const [row] = await tx<RecoveryRow[]>`
        select ${recoveryColumns(tx)} from recovery r
        where r.id = ${id} and r.application_id = ${applicationId} and r.mode = ${mode} for update`;
      return row ? toRecovery(row) : null;
    },
    cancelRecovery: async (id) => {
      const rows = await tx<RecoveryRow[]>`
        update recovery r set state = 'CANCELLED', finished_at = clock_timestamp()
        where r.id = ${id} returning ${recoveryColumns(tx)}`;
      return toRecovery(only(rows));
    },
    endRecoveries: async (endpointId) => {
      await tx`
        update recovery set state = 'CANCELLED', finished_at = clock_timestamp()
        where endpoint_id = ${endpointId} and application_id = ${applicationId} and mode = ${mode}
          and state = 'RUNNING'`;
    },
  };
}

/** The desk of one transaction. */
export function openDesk(tx: Transaction, once: Once, now: Instant): Desk {
  const endpoints = endpointRows(tx, once);
  return {
    now,
    ...endpoints,
    ...secretRows(tx),
    ...deliveryRows(tx, once, endpoints.endpoint),
    ...recoveryRows(tx, once),
  };
}
