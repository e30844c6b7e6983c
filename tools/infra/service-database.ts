import type postgres from "postgres";

type Sql = postgres.Sql;

export type Role = { readonly name: string; readonly password: string };

/** The owner migrates; the service's own role reads and writes rows and nothing more. */
export type ServiceRoles = { readonly owner: Role; readonly app: Role };

export const DATABASE_SERVICES = ["payments", "ledger", "webhooks"] as const;
export type DatabaseService = (typeof DATABASE_SERVICES)[number];

export function serviceRoles(service: string, passwordOf: (role: string) => string): ServiceRoles {
  const role = (kind: string): Role => ({
    name: `${service}_${kind}`,
    password: passwordOf(`${service}_${kind}`),
  });
  return { owner: role("owner"), app: role("app") };
}

/** Creates the roles that are missing and gives each its password: the file on disk is what counts. */
export async function ensureRoles(admin: Sql, { owner, app }: ServiceRoles): Promise<void> {
  const statements = [owner, app].flatMap(({ name, password }) => [
    `do $$ begin create role ${identifier(name)}; exception when duplicate_object then null; end $$;`,
    `alter role ${identifier(name)} login password ${literal(password)};`,
  ]);
  await admin.unsafe(statements.join("\n"));
}

export type NewDatabase = { readonly name: string; readonly roles: ServiceRoles; readonly template?: string };

/** Creates a database that its owner and its service alone may enter. */
export async function createDatabase(admin: Sql, { name, roles, template }: NewDatabase): Promise<void> {
  const from = template === undefined ? "" : ` template ${identifier(template)}`;
  await admin.unsafe(`create database ${identifier(name)} owner ${identifier(roles.owner.name)}${from}`);
  await restrictAccess(admin, { name, roles });
}

/** Everybody may connect to a new database until that is taken away. */
export async function restrictAccess(admin: Sql, { name, roles }: NewDatabase): Promise<void> {
  await admin.unsafe(`
    revoke all on database ${identifier(name)} from public;
    grant connect, temporary on database ${identifier(name)} to ${identifier(roles.app.name)};
  `);
}

/** The databases that every cluster has are no place for a service either. */
export async function closeCommonDatabases(admin: Sql): Promise<void> {
  await admin.unsafe(
    "revoke all on database postgres from public; revoke all on database template1 from public;",
  );
}

export async function databaseExists(admin: Sql, name: string): Promise<boolean> {
  const rows = await admin`select 1 from pg_database where datname = ${name}`;
  return rows.length > 0;
}

/** The same server, another role and database. */
export function urlFor(adminUrl: string, role: Role, database: string): string {
  const url = new URL(adminUrl);
  url.username = role.name;
  url.password = role.password;
  url.pathname = `/${database}`;
  return url.href;
}

/** Names are ours: lower case, digits, underscores. Anything else is a mistake, not something to quote. */
export function identifier(name: string): string {
  if (!/^[a-z_][a-z0-9_]{0,62}$/.test(name)) throw new Error(`not a name for a database object: ${name}`);
  return `"${name}"`;
}

function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
