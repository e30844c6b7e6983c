import type { Database } from "@oi/platform/postgres/client";
import type { Retention } from "../../application/ports.ts";

export function postgresRetention(database: Database): Retention {
  return {
    forgetEvents: async (limit) => {
      const [row] = await database.run(
        (sql) => sql<{ count: number }[]>`select ledger.forget_events(${limit}::int) as count`,
      );
      return row?.count ?? 0;
    },
  };
}
