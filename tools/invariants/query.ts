import { type Invariant, type Row, render, type World } from "./invariant.ts";
import { type DatabaseName, type Snapshot, stream } from "./snapshot.ts";

/** The database of a rule that is only run where there is one. */
export function database({ at }: World, name: DatabaseName): Snapshot {
  const sql = at[name];
  if (!sql) throw new Error(`this rule needs the database of ${name}`);
  return sql;
}

/** The rows of a query whose settings are filled in. */
export function rowsOf<T extends object = Row>(
  world: World,
  name: DatabaseName,
  text: string,
): AsyncGenerator<T> {
  return stream<T>(database(world, name), render(text, world.settings));
}

/** Rules of one database that are a query each: the rows it returns break the rule. */
export function queriesOn(
  group: DatabaseName,
): (name: string, title: string, ...parts: readonly string[]) => Invariant {
  return (name, title, ...parts) => ({
    name,
    title,
    group,
    broken: async function* broken(world) {
      for (const part of parts) yield* rowsOf(world, group, part);
    },
  });
}
