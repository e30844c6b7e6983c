import { DomainError } from "@oi/kernel/errors";
import type { Database } from "@oi/platform/postgres/client";
import { postgresCode } from "@oi/platform/postgres/errors";
import type { ChangeDesk, Desk, Done, Once } from "../../application/admin-ports.ts";
import { inTransaction, type Transaction } from "./application-target.ts";
import { openDesk } from "./desk.ts";
import { toNumber } from "./rows.ts";

const LOCK_TIMEOUT = "55P03";

type Known = { readonly is_same: boolean; readonly answer: string; readonly age_ms: string };

/** Takes the key; the earlier answer when another transaction had it, for whose end this waits. */
async function takeKey(tx: Transaction, once: Once, key: string): Promise<Known | null> {
  const { scope, route, fingerprint } = once;
  const taken = await tx`
    insert into idempotency (application_id, mode, route, key, fingerprint, answer)
    values (${scope.applicationId}, ${scope.mode}, ${route}, ${key}, decode(${fingerprint}, 'hex'), '')
    on conflict do nothing returning key`;
  if (taken.length > 0) return null;
  const [known] = await tx<Known[]>`
    select fingerprint = decode(${fingerprint}, 'hex') as is_same, answer,
           (extract(epoch from clock_timestamp() - answered_at) * 1000)::bigint as age_ms
    from idempotency
    where application_id = ${scope.applicationId} and mode = ${scope.mode} and route = ${route} and key = ${key}`;
  return known ?? null;
}

async function keepAnswer(
  tx: Transaction,
  { scope, route }: Once,
  key: string,
  value: unknown,
): Promise<void> {
  await tx`
    update idempotency set answer = ${JSON.stringify(value)}, answered_at = clock_timestamp()
    where application_id = ${scope.applicationId} and mode = ${scope.mode} and route = ${route} and key = ${key}`;
}

async function work<T>(tx: Transaction, once: Once, change: (desk: Desk) => Promise<T>): Promise<Done<T>> {
  const known = once.key === null ? null : await takeKey(tx, once, once.key);
  if (known && !known.is_same)
    throw new DomainError("IDEMPOTENCY_KEY_CONFLICT", "The key was used for another request.");
  if (known) return { value: JSON.parse(known.answer) as T, replayedAfterMs: toNumber(known.age_ms) };
  const [clock] = await tx<{ now_ms: string }[]>`
    select (extract(epoch from clock_timestamp()) * 1000)::bigint as now_ms`;
  const value = await change(openDesk(tx, once, toNumber(clock?.now_ms ?? "0")));
  if (once.key !== null) await keepAnswer(tx, once, once.key, value);
  return { value, replayedAfterMs: null };
}

/** Key, effect and answer in one transaction. */
export function postgresChangeDesk(database: Database): ChangeDesk {
  return {
    once: (once, change) =>
      database.run(async (sql) => {
        try {
          return await inTransaction(sql, (tx) => work(tx, once, change));
        } catch (error) {
          if (once.key === null || postgresCode(error) !== LOCK_TIMEOUT) throw error;
          throw new DomainError("IDEMPOTENCY_IN_PROGRESS", "The first request with this key still runs.", {
            retryAfterSeconds: 1,
            cause: error,
          });
        }
      }),
  };
}
