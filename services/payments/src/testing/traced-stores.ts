import postgres from "postgres";
import { type PostgresWorld, postgresStores } from "./postgres-world.ts";

/** What the service said to the database, and stores through which it says it. */
export type TracedStores = AsyncDisposable & {
  readonly sent: { readonly text: string; readonly parameters: never[] }[];
  readonly stores: ReturnType<typeof postgresStores>;
};

export function tracedStores({ url }: PostgresWorld): TracedStores {
  const sent: TracedStores["sent"] = [];
  const sql = postgres(url, {
    max: 1,
    debug: (_connection, text, parameters) =>
      void sent.push({ text, parameters: [...parameters] as never[] }),
  });
  const stores = postgresStores({ sql, run: (work) => work(sql), [Symbol.asyncDispose]: async () => {} });
  return { sent, stores, [Symbol.asyncDispose]: () => sql.end() };
}
