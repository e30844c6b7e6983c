import type { Scope } from "@oi/kernel/scope";
import type { OutboxEvent } from "@oi/platform/events/envelope";
import type { Database } from "@oi/platform/postgres/client";
import type { IntegrityAlarms } from "../../application/ports.ts";
import type { IntegrityBreak } from "../../domain/book-proof.ts";

export function postgresIntegrityAlarms(
  database: Database,
  { announce }: { readonly announce: (scope: Scope, found: IntegrityBreak) => OutboxEvent },
): IntegrityAlarms {
  return {
    raise: async (scope, found) => {
      const out = announce(scope, found);
      await database.run(
        (sql) => sql`
          insert into public.outbox (id, subject, aggregate, version, headers, payload)
          values (${out.id}, ${out.subject}, ${out.aggregate}, ${out.version}, ${sql.json({ ...out.headers })},
            ${out.payload})`,
      );
    },
  };
}
