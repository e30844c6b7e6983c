import { DomainError } from "@oi/kernel/errors";
import type { Mode } from "@oi/kernel/scope";
import type { Database, Sql } from "@oi/platform/postgres/client";
import { postgresCode } from "@oi/platform/postgres/errors";
import type { AnswerWrite, IdempotencyKey } from "../../application/ports.ts";
import { decodeAnswer, encodeAnswer, RENDER_VERSION } from "./answer-codec.ts";
import { nothing } from "./statement.ts";

type StoredAnswer = {
  fingerprint: Buffer;
  answer: Buffer;
  request_id: string;
  render_version: number;
  answered_at: Date;
};

/** Settings belong to no mode; the keys of their changes lie under this one. */
export const NO_MODE = "-";

type KeyScope = { readonly applicationId: number; readonly mode: Mode | typeof NO_MODE };

type Answer<T> = {
  readonly resource: T;
  readonly answeredAt: number;
  readonly firstRequestId: string;
  readonly renderVersion: number;
};

/** The answer of a change that selects from its resource's row, `p`. A key that exists refuses the whole statement. */
export function answerRow(sql: Sql, answer: AnswerWrite | null, mode: string) {
  if (!answer) return nothing(sql);
  const { key, resourceId, resource } = answer;
  return sql`
    insert into idempotency (application_id, mode, route, key, fingerprint, resource_id, status, answer, request_id, render_version)
    select p.application_id, ${mode}, ${key.route}, ${key.key}, ${key.fingerprint}, ${resourceId}, 200, ${encodeAnswer(resource)},
      '', ${RENDER_VERSION} from p`;
}

/** What was answered to this key; null when nothing was. Raises IDEMPOTENCY_KEY_CONFLICT for another request's key. */
export async function storedAnswer<T>(
  database: Database,
  { applicationId, mode }: KeyScope,
  { route, key, fingerprint }: IdempotencyKey,
): Promise<Answer<T> | null> {
  const [stored] = await database.run(
    (sql) => sql<StoredAnswer[]>`
      select fingerprint, answer, request_id, render_version, answered_at from idempotency
      where application_id = ${applicationId} and mode = ${mode} and route = ${route} and key = ${key}`,
  );
  if (!stored) return null;
  if (Buffer.compare(stored.fingerprint, fingerprint) !== 0) {
    throw new DomainError("IDEMPOTENCY_KEY_CONFLICT", "This Idempotency-Key was used with another request.");
  }
  return {
    resource: decodeAnswer<T>(stored.answer),
    answeredAt: stored.answered_at.getTime(),
    firstRequestId: stored.request_id,
    renderVersion: stored.render_version,
  };
}

/** A statement that waited too long for the first request with its key. */
export function keyInProgress(error: unknown, key: IdempotencyKey | null): unknown {
  if (key === null || postgresCode(error) !== "55P03") return error;
  return new DomainError(
    "IDEMPOTENCY_IN_PROGRESS",
    "The first request with this Idempotency-Key is still running.",
    { retryAfterSeconds: 1, cause: error },
  );
}
