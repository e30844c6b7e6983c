import { createReadStream, existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import type { Row, World } from "../invariant.ts";
import { rowsOf } from "../query.ts";
import type { DatabaseName } from "../snapshot.ts";
import type { Journals } from "./journals.ts";

const DATABASES: readonly DatabaseName[] = ["payments", "ledger", "webhooks"];

const TABLES = `
  select quote_ident(n.nspname) || '.' || quote_ident(c.relname) as name from pg_class c
  join pg_namespace n on n.oid = c.relnamespace
  where c.relkind in ('r', 'm') and n.nspname not in ('pg_catalog', 'information_schema') order by 1`;

/** S5: every row of every table, and every byte of the files of the run. */
export async function* canaries(world: World, { run }: Journals): AsyncGenerator<Row> {
  const canary = Object.entries(run.canaries);
  if (canary.length === 0 || run.scan.length === 0) yield { missing: "canaries, or places to look for them" };
  for (const name of DATABASES) {
    const tables: string[] = [];
    for await (const table of rowsOf<{ name: string }>(world, name, TABLES)) tables.push(table.name);
    for (const table of tables) yield* inTable(world, name, table, canary);
  }
  for (const place of run.scan) {
    if (!existsSync(place)) yield { missing: place };
    else for (const file of filesIn(place)) yield* inFile(file, canary);
  }
}

/** A row as text shows bytes in hexadecimal, so a canary is looked for in that spelling too. */
async function* inTable(
  world: World,
  database: DatabaseName,
  table: string,
  canary: readonly (readonly [string, string])[],
): AsyncGenerator<Row> {
  const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`;
  const spellings = canary.flatMap(([what, value]) =>
    [value, Buffer.from(value).toString("hex")].map((text) => `(${literal(what)}, ${literal(text)})`),
  );
  yield* rowsOf(
    world,
    database,
    `select c.what as canary, '${database}' as database, '${table}' as table, count(*) as rows
     from ${table} t join (values ${spellings.join(", ")}) as c (what, spelling) on strpos(t::text, c.spelling) > 0
     group by c.what`,
  );
}

function filesIn(place: string): string[] {
  if (!statSync(place).isDirectory()) return [place];
  return readdirSync(place, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

/** Pieces overlap by the longest canary, so that none hides across their edge. */
async function* inFile(file: string, canary: readonly (readonly [string, string])[]): AsyncGenerator<Row> {
  const overlap = Math.max(...canary.map(([, value]) => Buffer.byteLength(value)), 1);
  let tail = Buffer.alloc(0);
  const found = new Set<string>();
  for await (const piece of createReadStream(file)) {
    const bytes = Buffer.concat([tail, piece as Buffer]);
    for (const [what, value] of canary) if (bytes.includes(value)) found.add(what);
    tail = bytes.subarray(Math.max(0, bytes.length - overlap));
  }
  for (const what of found) yield { canary: what, file };
}
