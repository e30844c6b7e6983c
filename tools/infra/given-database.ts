import postgres from "postgres";
import type { DatabaseService } from "./service-database.ts";
import { EXIT, StartFailure } from "./start-failure.ts";

export type DatabaseUrls = { readonly url: string; readonly ownerUrl: string };

const LEAST_VERSION = 15;

type Env = Readonly<Record<string, string | undefined>>;

/** `PAYMENTS_DATABASE_URL` and `PAYMENTS_DATABASE_OWNER_URL`, the second as the first unless it is given. */
export function givenUrls(service: DatabaseService, env: Env): DatabaseUrls | null {
  const url = env[urlVariable(service)];
  if (!url) return null;
  return { url, ownerUrl: env[ownerVariable(service)] || url };
}

/** Refuses a given database that could not serve, before anything else starts. Returns its version. */
export async function checkGivenDatabase(service: DatabaseService, urls: DatabaseUrls): Promise<string> {
  const version = await inspect(urlVariable(service), urls.url, service, false);
  if (urls.ownerUrl !== urls.url) await inspect(ownerVariable(service), urls.ownerUrl, service, true);
  else await inspect(urlVariable(service), urls.url, service, true);
  return version;
}

type Facts = {
  readonly number: number;
  readonly version: string;
  readonly user: string;
  readonly may_create: boolean;
};

async function inspect(variable: string, url: string, service: string, mustCreate: boolean): Promise<string> {
  let facts: Facts | undefined;
  let sql: postgres.Sql | undefined;
  try {
    sql = postgres(url, { max: 1, connect_timeout: 5, onnotice: () => undefined });
    [facts] = await sql<Facts[]>`
      select current_setting('server_version_num')::int as number, current_setting('server_version') as version,
             current_user as user,
             has_database_privilege(current_database(), 'create')
               or coalesce(has_schema_privilege(to_regnamespace('public')::oid, 'create'), false) as may_create`;
  } catch (error) {
    throw unreachable(variable, url, error);
  } finally {
    await sql?.end({ timeout: 1 });
  }
  if (facts === undefined) throw unreachable(variable, url, new Error("no answer"));
  if (facts.number < LEAST_VERSION * 10_000) throw tooOld(variable, url, facts);
  if (mustCreate && !facts.may_create) throw mayNotCreate(variable, url, service, facts);
  return facts.version.split(" ")[0] ?? facts.version;
}

function unreachable(variable: string, url: string, error: unknown): StartFailure {
  const { message, code } = error as { message?: string; code?: string };
  return new StartFailure(
    {
      exitCode: EXIT.postgres,
      what: `the database of ${variable} cannot be used`,
      why: `${withoutPassword(url)}: ${message || code || String(error)}`,
      fix: `start that server or correct the address; unset ${variable} to let a PostgreSQL of our own start`,
    },
    error,
  );
}

function tooOld(variable: string, url: string, { version }: Facts): StartFailure {
  return new StartFailure({
    exitCode: EXIT.postgres,
    what: `the database of ${variable} is too old`,
    why: `${withoutPassword(url)} is PostgreSQL ${version}; ${LEAST_VERSION} or newer is needed`,
    fix: `give a newer server, or unset ${variable} to let a PostgreSQL of our own start`,
  });
}

function mayNotCreate(variable: string, url: string, service: string, { user }: Facts): StartFailure {
  const database = decodeURIComponent(new URL(url).pathname.slice(1));
  return new StartFailure({
    exitCode: EXIT.postgres,
    what: `the role of ${variable} may not create tables`,
    why: `${withoutPassword(url)}: ${user} has no right to create in the database ${database}`,
    fix:
      `as a superuser, run:\n  grant create on database "${database}" to "${user}";\n` +
      `  \\c "${database}"\n  grant create on schema public to "${user}";\n` +
      `or give the owner's address: ${ownerVariable(service)}`,
  });
}

export function withoutPassword(url: string): string {
  return url.replace(/^([a-z]+:\/\/[^:/@]*):[^@]*@/, "$1:***@");
}

const urlVariable = (service: string): string => `${service.toUpperCase()}_DATABASE_URL`;
const ownerVariable = (service: string): string => `${service.toUpperCase()}_DATABASE_OWNER_URL`;
