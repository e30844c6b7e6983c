import { DomainError } from "@oi/kernel/errors";
import postgres, { type Options, type Sql } from "postgres";
import type { DatabaseConfig } from "../config/common.ts";
import { translateDatabaseError } from "./errors.ts";
import { hearDriver } from "./unheard-failure.ts";

export type { Sql } from "postgres";

/**
 * A pool with a gate in front, because the driver itself queues without bound and without a time limit. A pool in which
 * a connection has fallen silent is replaced: the driver waits for it for ever, and nothing else frees its place.
 */
export type Database = AsyncDisposable & {
  /** The pool of this moment; not to be kept, because it may be replaced. */
  readonly sql: Sql;
  /**
   * Runs one piece of work on the pool and translates the driver's trouble. Work is a handful of statements; what
   * takes longer than two statement timeouts and a second waits for a connection that is dead. Raises
   * SERVICE_UNAVAILABLE when the database or its pool is exhausted, frozen or away, DEADLINE_EXCEEDED when a write's
   * outcome is unknown. Work waits a second for its turn, or `waitMs`, for what nobody would bring a second time.
   */
  run<T>(work: (sql: Sql) => Promise<T>, waitMs?: number): Promise<T>;
};

const WAIT_LIMIT_MS = 1_000;
const RECONNECT_SECONDS = 0.25;

function options(config: DatabaseConfig, name: string, max: number): Options<Record<string, never>> {
  return {
    max,
    connect_timeout: config.connectTimeoutMs / 1_000,
    // The driver's own waits grow to twenty seconds, and would keep a service away that long after its database is back.
    backoff: () => RECONNECT_SECONDS,
    idle_timeout: 0,
    max_lifetime: null,
    onnotice: () => {},
    connection: {
      application_name: name,
      statement_timeout: config.statementTimeoutMs,
      lock_timeout: config.lockTimeoutMs,
      idle_in_transaction_session_timeout: config.idleTransactionTimeoutMs,
    },
  };
}

/** Opens a pool; nothing connects until the first query. `max` overrides the pool size for side jobs. */
export function openDatabase(config: DatabaseConfig, name: string, max = config.poolMax): Database {
  hearDriver();
  const open = () => postgres(config.url, options(config, name, max));
  const gate = createGate(max, config.waitMax);
  // The server ends each statement at its own limit, and a server that cannot do that is frozen or out of reach.
  const frozenAfterMs = 2 * config.statementTimeoutMs + 1_000;
  const ending = new Set<Promise<void>>();
  let sql = open();
  let running = 0;
  const replace = (frozen: Sql): void => {
    if (frozen !== sql) return;
    sql = open();
    const ended = frozen.end({ timeout: 1 }).finally(() => ending.delete(ended));
    ending.add(ended);
  };
  const watched = async <T>(work: (sql: Sql) => Promise<T>): Promise<T> => {
    const own = sql;
    const timer = setTimeout(() => replace(own), frozenAfterMs);
    try {
      return await work(own);
    } finally {
      clearTimeout(timer);
    }
  };
  return {
    get sql() {
      return sql;
    },
    run: async (work, waitMs = WAIT_LIMIT_MS) => {
      running += 1;
      try {
        return await gate(() => watched(work), waitMs);
      } catch (error) {
        throw translateDatabaseError(error);
      } finally {
        running -= 1;
      }
    },
    [Symbol.asyncDispose]: async () => {
      // The driver waits for ever for a connection that was killed under a query, so an idle pool is not waited for.
      await sql.end({ timeout: running > 0 ? 5 : 1 });
      await Promise.all(ending);
    },
  };
}

/** A single connection of its own for session locks; `onLost` is called when the session, and so its locks, are gone. */
export function openSession(config: DatabaseConfig, name: string, onLost: () => void): Sql {
  hearDriver();
  return postgres(config.url, { ...options(config, name, 1), onclose: onLost });
}

type Waiter = { readonly start: () => void; readonly timer: NodeJS.Timeout };

type Gate = <T>(work: () => Promise<T>, waitMs: number) => Promise<T>;

/** Lets `size` pieces of work run, `waitMax` wait as long as they want to, and refuses the rest at once. */
function createGate(size: number, waitMax: number): Gate {
  let running = 0;
  const waiting = new Set<Waiter>();
  const busy = (): DomainError =>
    new DomainError("SERVICE_UNAVAILABLE", "The database is busy.", { retryAfterSeconds: 1 });
  const enter = (waitMs: number): Promise<void> =>
    new Promise((resolve, reject) => {
      if (waiting.size >= waitMax) return reject(busy());
      const timer = setTimeout(() => {
        waiting.delete(waiter);
        reject(busy());
      }, waitMs);
      const waiter: Waiter = { start: resolve, timer };
      waiting.add(waiter);
    });
  const leave = (): void => {
    const [next] = waiting;
    if (!next) {
      running -= 1;
      return;
    }
    waiting.delete(next);
    clearTimeout(next.timer);
    next.start();
  };
  return async (work, waitMs) => {
    if (running < size) running += 1;
    else await enter(waitMs);
    try {
      return await work();
    } finally {
      leave();
    }
  };
}
