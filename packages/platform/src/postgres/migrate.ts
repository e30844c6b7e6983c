import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import postgres, { type Sql } from "postgres";

const PLATFORM_FOLDER = fileURLToPath(new URL("../../migrations", import.meta.url));
const LOCK = 7_340_000;

export type MigrationResult = { readonly applied: readonly string[]; readonly total: number };

/** A file that cannot be applied, or that was edited after it was applied. */
export class MigrationError extends Error {
  override readonly name = "MigrationError";
}

type Migration = { readonly name: string; readonly sql: string; readonly sha256: string };

async function readFolder(folder: string, prefix: string): Promise<Migration[]> {
  const files = (await readdir(folder)).filter((file) => /^\d{4}_[a-z0-9_]+\.sql$/.test(file)).sort();
  return Promise.all(
    files.map(async (file) => {
      const sql = await readFile(join(folder, file), "utf8");
      return { name: `${prefix}${file}`, sql, sha256: createHash("sha256").update(sql).digest("hex") };
    }),
  );
}

async function applyOne(sql: Sql, migration: Migration, appRole: string): Promise<void> {
  const role = `"${appRole.replaceAll('"', '""')}"`;
  // Not in a cast (`::app`), not in a longer word; a function, because a plain text may hold `$&`.
  const text = migration.sql.replaceAll(/(?<!:):app\b/g, () => role);
  try {
    await sql.begin(async (transaction) => {
      await transaction.unsafe(text);
      await transaction`insert into schema_migration (name, sha256) values (${migration.name}, ${migration.sha256})`;
    });
  } catch (error) {
    const cause = error instanceof Error ? error.message : String(error);
    throw new MigrationError(`${migration.name}: ${cause}. Nothing of this file was applied.`, {
      cause: error,
    });
  }
}

/**
 * Brings a database to the newest schema, as its owner: the platform's files first, then the service's, each in a
 * transaction of its own. Forward only; `:app` in a file stands for the service's login. Raises
 * {@link MigrationError} for a file that fails, and for one whose text changed after it was applied.
 */
export async function migrate(options: {
  readonly ownerUrl: string;
  readonly appRole: string;
  readonly folder: string;
}): Promise<MigrationResult> {
  const files = [
    ...(await readFolder(PLATFORM_FOLDER, "platform/")),
    ...(await readFolder(options.folder, `${basename(join(options.folder, ".."))}/`)),
  ];
  const sql = postgres(options.ownerUrl, {
    max: 1,
    onnotice: () => {},
    connection: { application_name: "migrate" },
  });
  try {
    await sql`select pg_advisory_lock(${LOCK})`;
    await sql`create table if not exists schema_migration
      (name text primary key, sha256 text not null, applied_at timestamptz not null default clock_timestamp())`;
    const rows = await sql<{ name: string; sha256: string }[]>`select name, sha256 from schema_migration`;
    const known = new Map(rows.map((row) => [row.name, row.sha256]));
    const edited = files.filter((file) => (known.get(file.name) ?? file.sha256) !== file.sha256);
    if (edited[0])
      throw new MigrationError(`${edited[0].name} was edited after it was applied; add a new file instead.`);
    const fresh = files.filter((file) => !known.has(file.name));
    for (const file of fresh) await applyOne(sql, file, options.appRole);
    return { applied: fresh.map((file) => file.name), total: files.length };
  } finally {
    await sql.end({ timeout: 5 });
  }
}

/** The login name in a database URL; migrations grant to it. */
export function roleOf(url: string): string {
  return decodeURIComponent(new URL(url).username) || "postgres";
}
