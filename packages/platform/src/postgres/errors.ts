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

const AWAY = /^(53|57P0|08)|^(CONNECTION_|CONNECT_TIMEOUT|ECONN|ENOTFOUND|EPIPE|ETIMEDOUT)/;

/** The database's trouble in the words of the catalogue; what is no known trouble stays as it is and is a bug. */
export function translateDatabaseError(error: unknown): unknown {
  if (error instanceof DomainError) return error;
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
