import { createHash, createHmac, randomBytes } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { migrate } from "@oi/platform/postgres/migrate";
import {
  createDatabase,
  databaseExists,
  ensureRoles,
  identifier,
  type ServiceRoles,
  serviceRoles,
  urlFor,
} from "@oi/tools/infra/service-database";
import postgres from "postgres";
import { inject } from "vitest";

export type TestDatabaseOptions = {
  /** The service's migrations folder, absolute or relative to the repository. */
  readonly migrations: string;
  /** Names the roles and the database, as in a real installation. */
  readonly service: string;
};

export type TestDatabase = AsyncDisposable & {
  /** As the service itself connects: rows, no tables. */
  readonly url: string;
  /** As the migrations connect. */
  readonly ownerUrl: string;
  /** The superuser in the same database, for looking at what nobody else may see. */
  readonly adminUrl: string;
  readonly appRole: string;
};

/**
 * A migrated database of one's own, one per test file. The migrations run once per content; every further database is
 * a copy of that template, which takes some 50 ms.
 */
export async function testDatabase({ migrations, service }: TestDatabaseOptions): Promise<TestDatabase> {
  const serverUrl = inject("postgresAdminUrl");
  const roles = serviceRoles(service, (role) => testPassword(serverUrl, role));
  const name = `test_${service}_${randomBytes(8).toString("hex")}`;
  await withAdmin(serverUrl, async (admin) => {
    const template = await ensureTemplate(admin, serverUrl, { migrations, service, roles });
    await createDatabase(admin, { name, roles, template });
  });
  const adminUrl = new URL(serverUrl);
  adminUrl.pathname = `/${name}`;
  return {
    url: urlFor(serverUrl, roles.app, name),
    ownerUrl: urlFor(serverUrl, roles.owner, name),
    adminUrl: adminUrl.href,
    appRole: roles.app.name,
    [Symbol.asyncDispose]: () =>
      withAdmin(serverUrl, async (admin) => {
        await admin.unsafe(`drop database if exists ${identifier(name)} with (force)`);
      }),
  };
}

type TemplateSource = TestDatabaseOptions & { readonly roles: ServiceRoles };

/** Test files run in parallel processes: the advisory lock lets one of them make the template while others wait. */
async function ensureTemplate(
  admin: postgres.Sql,
  serverUrl: string,
  source: TemplateSource,
): Promise<string> {
  const { migrations, service, roles } = source;
  const template = `template_${service}_${contentHash(migrations)}`;
  await admin`select pg_advisory_lock(hashtext('oi.testkit.template'))`;
  try {
    if (await databaseExists(admin, template)) return template;
    const partial = `${template}_partial`;
    await ensureRoles(admin, roles);
    await admin.unsafe(`drop database if exists ${identifier(partial)} with (force)`);
    await createDatabase(admin, { name: partial, roles });
    const ownerUrl = urlFor(serverUrl, roles.owner, partial);
    await migrate({ ownerUrl, appRole: roles.app.name, folder: migrations });
    await admin.unsafe(`alter database ${identifier(partial)} rename to ${identifier(template)}`);
    return template;
  } finally {
    await admin`select pg_advisory_unlock(hashtext('oi.testkit.template'))`;
  }
}

/** The runner applies the platform's own files before the service's. */
const PLATFORM_MIGRATIONS = fileURLToPath(new URL("../../platform/migrations", import.meta.url));

function contentHash(folder: string): string {
  const hash = createHash("sha256");
  for (const path of [PLATFORM_MIGRATIONS, folder]) {
    for (const name of readdirSync(path).sort()) {
      hash.update(`${name}\0${readFileSync(join(path, name), "utf8")}\0`);
    }
  }
  return hash.digest("hex").slice(0, 16);
}

/** Every process derives the same password, and nobody can guess it who does not know the server's own. */
function testPassword(serverUrl: string, role: string): string {
  return createHmac("sha256", serverUrl).update(role).digest("hex").slice(0, 32);
}

async function withAdmin<T>(url: string, work: (admin: postgres.Sql) => Promise<T>): Promise<T> {
  const admin = postgres(url, { max: 1, onnotice: () => undefined });
  try {
    return await work(admin);
  } finally {
    await admin.end({ timeout: 1 });
  }
}
