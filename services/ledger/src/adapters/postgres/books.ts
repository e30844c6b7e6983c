import { assert } from "@oi/kernel/assert";
import type { Database } from "@oi/platform/postgres/client";
import type { Books } from "../../application/ports.ts";
import type { BookTerms } from "../../domain/posting-rules.ts";
import { bookId } from "./book-id.ts";

/** Bounds the memory of a process that meets very many books; the rest is asked again. */
const REMEMBERED = 10_000;

/** A book's terms never change, so each is asked for once per process. */
export function postgresBooks(database: Database): Books {
  const known = new Map<string, BookTerms>();
  return {
    open: async (scope) => {
      const id = bookId(scope);
      const remembered = known.get(id);
      if (remembered) return remembered;
      const [row] = await database.run(
        (sql) => sql<{ utc_offset_minutes: number }[]>`
          select ledger.ensure_book(${scope.applicationId}, ${scope.mode}) as utc_offset_minutes`,
      );
      assert(row !== undefined, "ensure_book answers with one row");
      const terms = { utcOffsetMinutes: row.utc_offset_minutes };
      if (known.size >= REMEMBERED) known.clear();
      known.set(id, terms);
      return terms;
    },
  };
}
