import { DomainError } from "@oi/kernel/errors";
import type { Database } from "@oi/platform/postgres/client";
import { postgresCode } from "@oi/platform/postgres/errors";
import type { IdempotencyKey } from "../../application/ports.ts";
import type { OpenPayment } from "../../domain/payment.ts";
import { decodeAnswer } from "./answer-codec.ts";

type StoredAnswer = {
  fingerprint: Buffer;
  answer: Buffer;
  request_id: string;
  render_version: number;
  answered_at: Date;
};

type Answer<T> = {
  readonly resource: T;
  readonly answeredAt: number;
  readonly firstRequestId: string;
  readonly renderVersion: number;
};

/** What was answered to this key; null when nothing was. Raises IDEMPOTENCY_KEY_CONFLICT for another request's key. */
export async function storedAnswer<T>(
  database: Database,
  { applicationId, mode }: OpenPayment["scope"],
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
