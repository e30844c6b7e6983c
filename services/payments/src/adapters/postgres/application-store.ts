import { DomainError, VersionConflict } from "@oi/kernel/errors";
import type { OutboxEvent } from "@oi/platform/events/envelope";
import type { Database, Sql } from "@oi/platform/postgres/client";
import { violates } from "@oi/platform/postgres/errors";
import type {
  ApplicationStore,
  FoundCredential,
  Registration,
  SettingsChange,
} from "../../application/ports.ts";
import type { Application, Credential, Settings } from "../../domain/application.ts";
import { auditRow, outboxRows } from "./commit-statement.ts";
import { answerRow, keyInProgress, NO_MODE, storedAnswer } from "./idempotency-rows.ts";
import type { EventEncoder } from "./payment-store.ts";
import { type ApplicationRow, toApplication } from "./rows.ts";

type Ports = {
  readonly database: Database;
  readonly encodeEvent: EventEncoder;
  readonly onEvents: () => void;
};

const text = (amount: bigint | null): string | null => amount?.toString() ?? null;
/** The driver cannot send an array of byte strings: it takes the type of the first element for that of the array. */
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

/** Applications and credentials in PostgreSQL. */
export function postgresApplicationStore({ database, encodeEvent, onEvents }: Ports): ApplicationStore {
  return {
    register: (settings, credentials, request) =>
      database.run((sql) => register(sql, settings, credentials, request)),
    byId: (id) =>
      database.run(async (sql) => {
        const [row] = await sql<ApplicationRow[]>`select * from application where id = ${id}`;
        return row ? toApplication(row) : null;
      }),
    commit: async (change) => {
      const rows = await database
        .run((sql) => commitSettings(sql, change, encodeEvent(change.event)))
        .catch((error) => Promise.reject(keyInProgress(raceLost(error), change.answer?.key ?? null)));
      if (rows.length === 0) throw new VersionConflict("the application changed meanwhile");
      onEvents();
    },
    answered: async (applicationId, key) =>
      (await storedAnswer<Application>(database, { applicationId, mode: NO_MODE }, key))?.resource ?? null,
    credentialByDigest: (digest) => database.run((sql) => credentialByDigest(sql, digest)),
  };
}

function raceLost(error: unknown): unknown {
  return violates(error, "idempotency_pkey")
    ? new VersionConflict("another request came first with this key", { cause: error })
    : error;
}

function commitSettings(sql: Sql, change: SettingsChange, event: OutboxEvent) {
  const { application, expectedVersion, actor, answer } = change;
  return sql`
    with p as (
      update application set ${settingsColumns(sql, application)}, version = ${application.version},
        updated_at = ${new Date(application.updatedAt)}
      where id = ${application.id} and version = ${expectedVersion} returning id as application_id),
    audited as (${auditRow(sql, { actor, action: "application.settings_changed", detail: { version: application.version } })}),
    k as (${answerRow(sql, answer, NO_MODE)}),
    o as (${outboxRows(sql, [event])})
    select application_id from p`;
}

function settingsColumns(sql: Sql, settings: Settings) {
  return sql`name = ${settings.name}, webhook_url = ${settings.webhookUrl}, receipts_enabled = ${settings.receiptsEnabled},
    refund_approval_threshold_minor = ${text(settings.refundApprovalThresholdMinor)},
    min_amount_minor = ${text(settings.minAmountMinor)},
    max_amount_minor = ${text(settings.maxAmountMinor)}, late_payment_policy = ${settings.latePaymentPolicy}`;
}

async function register(
  sql: Sql,
  settings: Settings,
  credentials: readonly Credential[],
  request: Parameters<ApplicationStore["register"]>[2],
): Promise<Registration> {
  const rows = await sql<(ApplicationRow & { credential_ids: string[] })[]>`
    with a as (
      insert into application (name, webhook_url, receipts_enabled, refund_approval_threshold_minor, min_amount_minor,
        max_amount_minor, late_payment_policy, registration_key, registration_fingerprint)
      values (${settings.name}, ${settings.webhookUrl}, ${settings.receiptsEnabled},
        ${text(settings.refundApprovalThresholdMinor)}, ${text(settings.minAmountMinor)}, ${text(settings.maxAmountMinor)},
        ${settings.latePaymentPolicy}, ${request.key}, ${request.fingerprint})
      on conflict (registration_key) do nothing returning *),
    c as (
      insert into credential (application_id, mode, key_digest, secret_mac, pepper_id, key_last4)
      select a.id, n.mode, decode(n.key_digest, 'hex'), decode(n.secret_mac, 'hex'), n.pepper_id, n.key_last4 from a cross join unnest(
        ${credentials.map((c) => c.mode)}::text[], ${credentials.map((c) => hex(c.keyDigest))}::text[],
        ${credentials.map((c) => hex(c.secretMac))}::text[], ${credentials.map((c) => c.pepperId)}::text[],
        ${credentials.map((c) => c.keyLast4)}::text[]) with ordinality as n (mode, key_digest, secret_mac, pepper_id, key_last4, at)
      order by n.at returning id),
    audited as (
      insert into audit_log (actor, action, application_id, detail)
      select ${request.actor}, 'application.registered', a.id, jsonb_build_object('name', a.name) from a)
    select a.*, coalesce((select array_agg(c.id::text order by c.id) from c), '{}') as credential_ids from a`;
  const [fresh] = rows;
  if (fresh) {
    return {
      application: toApplication(fresh),
      replayed: false,
      credentialIds: fresh.credential_ids.map(Number),
    };
  }
  const [known] = await sql<(ApplicationRow & { registration_fingerprint: Buffer })[]>`
    select * from application where registration_key = ${request.key}`;
  if (!known || Buffer.compare(known.registration_fingerprint, request.fingerprint) !== 0) {
    throw new DomainError("IDEMPOTENCY_KEY_CONFLICT", "This idempotency key registered another application.");
  }
  return { application: toApplication(known), replayed: true, credentialIds: [] };
}

type CredentialRow = {
  id: string;
  application_id: string;
  name: string;
  mode: FoundCredential["mode"];
  secret_mac: Buffer;
  pepper_id: string;
};

async function credentialByDigest(sql: Sql, digest: Uint8Array): Promise<FoundCredential | null> {
  const [row] = await sql<CredentialRow[]>`
    select c.id, c.application_id, a.name, c.mode, c.secret_mac, c.pepper_id
    from credential c join application a on a.id = c.application_id
    where c.key_digest = ${digest} and c.revoked_at is null and (c.expires_at is null or c.expires_at > clock_timestamp())`;
  if (!row) return null;
  const { mode, name: applicationName, secret_mac: secretMac, pepper_id: pepperId } = row;
  return {
    id: Number(row.id),
    applicationId: Number(row.application_id),
    applicationName,
    mode,
    secretMac,
    pepperId,
  };
}
