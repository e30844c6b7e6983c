import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import postgres from "postgres";
import { checkGivenDatabase, type DatabaseUrls, givenUrls, withoutPassword } from "./given-database.ts";
import { choosePort, freePort } from "./ports.ts";
import { type Postgres, startPostgres } from "./postgres.ts";
import { makePassword } from "./postgres-cluster.ts";
import {
  closeCommonDatabases,
  createDatabase,
  DATABASE_SERVICES,
  type DatabaseService,
  databaseExists,
  ensureRoles,
  serviceRoles,
  urlFor,
} from "./service-database.ts";
import type { StepSettings } from "./steps.ts";
import { type Supervised, supervise } from "./supervise.ts";

export type Databases = Readonly<Record<DatabaseService, DatabaseUrls>>;

export type LocalDatabases = {
  readonly databases: Databases;
  readonly description: string;
  readonly server: Supervised<Postgres> | null;
};

const POSTGRES_PORT = 15_432;

/** Given databases are checked and used; for the others, one PostgreSQL of our own with a database each. */
export async function startDatabases(settings: StepSettings): Promise<LocalDatabases> {
  const given = new Map<DatabaseService, DatabaseUrls>();
  const facts: string[] = [];
  for (const service of DATABASE_SERVICES) {
    const urls = givenUrls(service, settings.env);
    if (urls === null) continue;
    const version = await checkGivenDatabase(service, urls);
    facts.push(`${service}: given, ${version} at ${withoutPassword(urls.url)}`);
    given.set(service, urls);
  }
  const missing = DATABASE_SERVICES.filter((service) => !given.has(service));
  const server = missing.length === 0 ? null : await startOwn(settings);
  try {
    const own = server
      ? await prepareDatabases(server.first, missing)
      : new Map<DatabaseService, DatabaseUrls>();
    if (server) facts.unshift(describe(server.first, settings));
    const urlsOf = (service: DatabaseService): DatabaseUrls => {
      const urls = given.get(service) ?? own.get(service);
      if (urls === undefined) throw new Error(`no database for ${service}`);
      return urls;
    };
    const databases = {
      payments: urlsOf("payments"),
      ledger: urlsOf("ledger"),
      webhooks: urlsOf("webhooks"),
    };
    return { databases, description: facts.join(" · "), server };
  } catch (error) {
    await server?.stop();
    throw error;
  }
}

function startOwn(settings: StepSettings): Promise<Supervised<Postgres>> {
  const { folder, env, isEphemeral, flags, onWait } = settings;
  const own = join(folder, "postgres");
  const port = isEphemeral
    ? freePort
    : () => choosePort({ variable: "OI_POSTGRES_PORT", fallback: POSTGRES_PORT, env });
  return supervise({
    launch: (where) => startPostgres({ folder: own, port: where, flags, isTemporary: isEphemeral, onWait }),
    port,
    onCrash: () => settings.onServer?.("postgresql", "ended"),
    onReturn: () => settings.onServer?.("postgresql", "returned"),
  });
}

function describe(server: Postgres, { folder }: StepSettings): string {
  const isElsewhere = relative(folder, server.folder).startsWith("..");
  const where = isElsewhere ? `${server.folder} (the user nobody may not enter ${folder})` : server.folder;
  return `embedded ${server.version} on 127.0.0.1:${server.port} · data in ${relativeToHere(where)}`;
}

export function relativeToHere(path: string): string {
  const short = relative(process.cwd(), path);
  return short.startsWith("..") || short === "" ? path : short;
}

async function prepareDatabases(
  server: Postgres,
  services: readonly DatabaseService[],
): Promise<Map<DatabaseService, DatabaseUrls>> {
  const passwords = readPasswords(join(server.folder, "roles.json"));
  const admin = postgres(server.adminUrl, { max: 1, onnotice: () => undefined });
  try {
    await closeCommonDatabases(admin);
    const prepared = new Map<DatabaseService, DatabaseUrls>();
    for (const service of services) {
      const roles = serviceRoles(service, passwords);
      const name = `oi_${service}`;
      await ensureRoles(admin, roles);
      if (!(await databaseExists(admin, name))) await createDatabase(admin, { name, roles });
      prepared.set(service, {
        url: urlFor(server.adminUrl, roles.app, name),
        ownerUrl: urlFor(server.adminUrl, roles.owner, name),
      });
    }
    return prepared;
  } finally {
    await admin.end({ timeout: 1 });
  }
}

/** Made once and kept beside the data, readable by its owner alone. */
function readPasswords(file: string): (role: string) => string {
  const kept = new Map<string, string>(existsSync(file) ? Object.entries(parsePasswords(file)) : []);
  for (const service of DATABASE_SERVICES) {
    for (const kind of ["owner", "app"]) {
      const role = `${service}_${kind}`;
      if (!kept.has(role)) kept.set(role, makePassword());
    }
  }
  writeFileSync(file, JSON.stringify(Object.fromEntries(kept), null, 2), { mode: 0o600 });
  return (role) => kept.get(role) ?? makePassword();
}

/** A torn file costs nothing: every start gives the roles the passwords it finds or makes. */
function parsePasswords(file: string): Record<string, string> {
  try {
    return JSON.parse(readFileSync(file, "utf8")) as Record<string, string>;
  } catch {
    return {};
  }
}
