import type { Mode } from "@oi/kernel/scope";
import type { Database, Sql } from "@oi/platform/postgres/client";
import { violates } from "@oi/platform/postgres/errors";
import type { CredentialStore, CredentialSummary, Rotation } from "../../application/credentials.ts";
import type { IdempotencyKey } from "../../application/ports.ts";
import { RENDER_VERSION } from "./answer-codec.ts";
import { keyInProgress, storedAnswer } from "./idempotency-rows.ts";
import { instant, instantOrNull } from "./rows.ts";
import { nothing } from "./statement.ts";

type Row = {
  readonly id: string;
  readonly mode: CredentialSummary["mode"];
  readonly key_last4: string;
  readonly created_at: Date;
  readonly expires_at: Date | null;
  readonly revoked_at: Date | null;
};

const toSummary = (row: Row): CredentialSummary => ({
  id: Number(row.id),
  mode: row.mode,
  keyLast4: row.key_last4,
  createdAt: instant(row.created_at),
  expiresAt: instantOrNull(row.expires_at),
  revokedAt: instantOrNull(row.revoked_at),
});

/** Credentials in PostgreSQL; their ends are on its clock. */
export function postgresCredentialStore(database: Database): CredentialStore {
  return {
    list: (applicationId, limit) =>
      database.run(async (sql) => {
        const rows = await sql<Row[]>`
          select id, mode, key_last4, created_at, expires_at, revoked_at from credential
          where application_id = ${applicationId} order by id desc limit ${limit}`;
        return rows.map(toSummary);
      }),
    rotate: (applicationId, credential, by) => rotate(database, applicationId, credential, by),
    revoke: (applicationId, credentialId, actor) =>
      database.run(async (sql) => {
        const [row] = await sql<Row[]>`
          with ended as (
            update credential set revoked_at = clock_timestamp()
            where id = ${credentialId} and application_id = ${applicationId} and revoked_at is null returning *),
          audited as (
            insert into audit_log (actor, action, application_id, detail)
            select ${actor}, 'credential.revoked', application_id, jsonb_build_object('credentialId', id) from ended)
          select id, mode, key_last4, created_at, expires_at, revoked_at from ended
          union all
          select id, mode, key_last4, created_at, expires_at, revoked_at from credential
          where id = ${credentialId} and application_id = ${applicationId} and not exists (select from ended)`;
        return row ? toSummary(row) : null;
      }),
  };
}

async function rotate(
  database: Database,
  applicationId: number,
  credential: Parameters<CredentialStore["rotate"]>[1],
  by: Parameters<CredentialStore["rotate"]>[2],
): Promise<Rotation> {
  const { idempotency } = by;
  const earlier = idempotency && (await answered(database, applicationId, credential.mode, idempotency));
  if (earlier) return earlier;
  try {
    const rows = await database.run((sql) => insertRotation(sql, applicationId, credential, by));
    const made = rows.find(({ fresh }) => fresh);
    if (!made) throw new Error("a new credential has an id");
    const replaced = rows.filter(({ fresh }) => !fresh).map(toSummary);
    return { id: Number(made.id), replaced, replayed: false };
  } catch (error) {
    const raced = violates(error, "idempotency_pkey") && idempotency;
    const first = raced && (await answered(database, applicationId, credential.mode, idempotency));
    if (first) return first;
    throw keyInProgress(error, idempotency);
  }
}

type StoredRotation = Pick<Rotation, "id"> & { readonly replaced: readonly StoredSummary[] };
/** A row inside a JSON value, where times are text. */
type StoredSummary = Pick<Row, "mode" | "key_last4"> & {
  readonly id: number;
  readonly created_at: string;
  readonly expires_at: string | null;
  readonly revoked_at: string | null;
};

const fromStored = (one: StoredSummary): CredentialSummary => {
  const at = (text: string | null): number | null => (text === null ? null : Date.parse(text));
  const { id, mode, key_last4: keyLast4, created_at: createdAt, expires_at, revoked_at } = one;
  const ends = { expiresAt: at(expires_at), revokedAt: at(revoked_at) };
  return { id, mode, keyLast4, createdAt: Date.parse(createdAt), ...ends };
};

/** What is stored of a rotation has neither key nor secret: these are in the first answer and nowhere else. */
async function answered(
  database: Database,
  applicationId: number,
  mode: Mode,
  key: IdempotencyKey,
): Promise<Rotation | null> {
  const stored = await storedAnswer<StoredRotation>(database, { applicationId, mode }, key);
  if (!stored) return null;
  const { id, replaced } = stored.resource;
  return { id, replaced: replaced.map(fromStored), replayed: true };
}

function insertRotation(
  sql: Sql,
  applicationId: number,
  { mode, keyDigest, secretMac, pepperId, keyLast4 }: Parameters<CredentialStore["rotate"]>[1],
  { graceSeconds, actor, idempotency }: Parameters<CredentialStore["rotate"]>[2],
) {
  return sql<(Row & { fresh: boolean })[]>`
    with fresh as (
      insert into credential (application_id, mode, key_digest, secret_mac, pepper_id, key_last4)
      values (${applicationId}, ${mode}, ${keyDigest}, ${secretMac}, ${pepperId}, ${keyLast4}) returning *),
    replaced as (
      update credential c
      set expires_at = least(c.expires_at, clock_timestamp() + ${`${graceSeconds} seconds`}::interval)
      where c.application_id = ${applicationId} and c.mode = ${mode} and c.revoked_at is null
        and (c.expires_at is null or c.expires_at > clock_timestamp()) returning *),
    audited as (
      insert into audit_log (actor, action, application_id, detail)
      select ${actor}, 'credential.rotated', application_id, jsonb_build_object('credentialId', id, 'mode', mode,
        'graceSeconds', ${graceSeconds}::int) from fresh),
    k as (${rotationAnswer(sql, idempotency)})
    select true as fresh, id, mode, key_last4, created_at, expires_at, revoked_at from fresh
    union all select false, id, mode, key_last4, created_at, expires_at, revoked_at from replaced`;
}

/** A key that exists refuses the whole statement, credential and all. */
function rotationAnswer(sql: Sql, idempotency: IdempotencyKey | null) {
  if (!idempotency) return nothing(sql);
  const { route, key, fingerprint } = idempotency;
  return sql`
    insert into idempotency (application_id, mode, route, key, fingerprint, resource_id, status, answer, request_id, render_version)
    select f.application_id, f.mode, ${route}, ${key}, ${fingerprint}, f.id, 200, convert_to(jsonb_build_object('id', f.id,
      'replaced', (select coalesce(jsonb_agg(jsonb_build_object('id', r.id, 'mode', r.mode, 'key_last4', r.key_last4,
        'created_at', r.created_at, 'expires_at', r.expires_at, 'revoked_at', r.revoked_at)), '[]') from replaced r))::text, 'UTF8'),
      '', ${RENDER_VERSION} from fresh f`;
}
