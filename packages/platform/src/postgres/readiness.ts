import type { RuntimeConfig } from "../config/common.ts";
import { type HealthCheck, NotReady } from "../service/health.ts";
import type { Logger } from "../telemetry/logger.ts";
import type { Database } from "./client.ts";

type Row = {
  readonly is_superuser: boolean;
  readonly bypasses_policies: boolean;
  readonly is_owner: boolean;
  readonly settings: readonly string[];
};

/**
 * The check that the service's own database can be used, and used as production must: by a login that is no superuser,
 * sees no row that a policy hides, and neither owns a table nor may act for its owner; on a server that keeps what it
 * acknowledges (`fsync`, `full_page_writes`, `synchronous_commit`). Outside production such a finding is one warning.
 */
export function databaseCheck(
  database: Database,
  { production }: Pick<RuntimeConfig, "production">,
  log: Logger,
): HealthCheck {
  let told = "";
  return {
    name: "database",
    check: async () => {
      const problems = problemsOf(await look(database));
      if (problems.length === 0) return;
      const text = `database: ${problems.join("; ")}`;
      if (production) throw new NotReady(text);
      if (text !== told) log.warn({ problems }, "this database is not fit for production");
      told = text;
    },
  };
}

async function look({ sql }: Database): Promise<Row | undefined> {
  const [row] = await sql<Row[]>`
    select r.rolsuper as is_superuser, r.rolbypassrls as bypasses_policies,
      exists (select from pg_class c join pg_namespace n on n.oid = c.relnamespace
        where c.relkind in ('r', 'p') and n.nspname <> 'information_schema' and n.nspname not like 'pg\\_%'
          and pg_has_role(c.relowner, 'MEMBER')) as is_owner,
      array(select name from unnest(array['fsync', 'full_page_writes', 'synchronous_commit']) as name
        where current_setting(name) = 'off') as settings
    from pg_roles r where r.rolname = current_user`;
  return row;
}

function problemsOf(row: Row | undefined): readonly string[] {
  if (!row) return ["the login is not known"];
  // A superuser is and may everything else as well.
  const login = row.is_superuser
    ? ["the login is a superuser"]
    : [
        ...(row.bypasses_policies ? ["the login bypasses row security"] : []),
        ...(row.is_owner ? ["the login owns tables"] : []),
      ];
  return [...login, ...row.settings.map((name) => `${name} is off`)];
}
