import type { Database, Sql } from "@oi/platform/postgres/client";
import type { CredentialStore, CredentialSummary } from "../../application/credentials.ts";
import { instant, instantOrNull } from "./rows.ts";

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
    rotate: (applicationId, credential, by) =>
      database.run((sql) => rotate(sql, applicationId, credential, by)),
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
  sql: Sql,
  applicationId: number,
  { mode, keyDigest, secretMac, pepperId, keyLast4 }: Parameters<CredentialStore["rotate"]>[1],
  { graceSeconds, actor }: Parameters<CredentialStore["rotate"]>[2],
) {
  const rows = await sql<(Row & { fresh: boolean })[]>`
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
        'graceSeconds', ${graceSeconds}::int) from fresh)
    select true as fresh, id, mode, key_last4, created_at, expires_at, revoked_at from fresh
    union all select false, id, mode, key_last4, created_at, expires_at, revoked_at from replaced`;
  const made = rows.find(({ fresh }) => fresh);
  if (!made) throw new Error("a new credential has an id");
  return { id: Number(made.id), replaced: rows.filter(({ fresh }) => !fresh).map(toSummary) };
}
