import { DomainError } from "@oi/kernel/errors";

/** SQLSTATE or the driver's own code (`CONNECTION_CLOSED`), wherever it sits in the chain of causes. */
export function postgresCode(error: unknown): string | null {
  for (let at: unknown = error; at instanceof Error; at = at.cause) {
    if ("code" in at && typeof at.code === "string") return at.code;
  }
  return null;
}

/** 23505 and its kin on this named constraint. */
export function violates(error: unknown, constraint: string): boolean {
  for (let at: unknown = error; at instanceof Error; at = at.cause) {
    if ("constraint_name" in at && at.constraint_name === constraint) return true;
  }
  return false;
}

const AWAY =
  /^(53|57P0|08)|^(CONNECTION_|CONNECT_TIMEOUT|ECONN|EHOST|ENET|ENOTFOUND|EAI_AGAIN|EPIPE|ETIMEDOUT)/;

/** The database's trouble in the words of the catalogue; what is no known trouble stays as it is and is a bug. */
export function translateDatabaseError(error: unknown): unknown {
  if (error instanceof DomainError) return error;
  hideValues(error);
  const code = postgresCode(error);
  if (code === null) return error;
  if (code === "55P03" || code === "40001" || code === "40P01" || AWAY.test(code)) {
    return new DomainError("SERVICE_UNAVAILABLE", "The database cannot be used just now.", {
      retryAfterSeconds: 1,
      metadata: { cause: "DATABASE_UNAVAILABLE" },
      cause: error,
    });
  }
  if (code === "57014") {
    return new DomainError("DEADLINE_EXCEEDED", "The database took too long; the outcome is not known.", {
      cause: error,
    });
  }
  return error;
}

/**
 * What PostgreSQL tells of rows and parameters, which are customers' data, is no business of a log: `detail` names the
 * key that exists already or the whole row that fails a check, `where` and the rest quote statements.
 */
const TELLING = ["detail", "where", "internal_query", "hint"] as const;

function hideValues(error: unknown): void {
  for (let at: unknown = error; at instanceof Error; at = at.cause) {
    // The statement and its parameters are properties that nobody enumerates, so no log writes them.
    for (const name of TELLING) if (name in at) Object.assign(at, { [name]: "[hidden]" });
  }
}
