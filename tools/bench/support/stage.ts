import { mkdtempSync, readFileSync, rmSync, statfsSync } from "node:fs";
import { availableParallelism, cpus, loadavg, tmpdir, totalmem } from "node:os";
import { join } from "node:path";
import { migrateAll } from "@oi/e2e/constellation";
import { perService, SERVICES, type ServiceDatabases } from "@oi/e2e/environment";
import postgres from "postgres";
import { freePort } from "../../infra/ports.ts";
import { type Postgres, startPostgres } from "../../infra/postgres.ts";
import { makePassword } from "../../infra/postgres-cluster.ts";
import { createDatabase, ensureRoles, serviceRoles, urlFor } from "../../infra/service-database.ts";

/** One durable PostgreSQL in a folder of its own, on which everything that is compared has its databases. */
export type Stage = AsyncDisposable & {
  readonly home: string;
  readonly server: Postgres;
  /** Migrated databases for every service; `name` tells them from the others of this stage. */
  databases(name: string): Promise<ServiceDatabases>;
  /** The machine and the server, in a line each. */
  describe(): Promise<readonly string[]>;
};

const FILE_SYSTEMS: Readonly<Record<number, string>> = {
  61267: "ext4",
  16914836: "tmpfs (nothing reaches a disk)",
  2035054128: "overlayfs",
  1481003842: "xfs",
  2435016766: "btrfs",
};

export async function openStage(): Promise<Stage> {
  const home = mkdtempSync(join(tmpdir(), "oi-bench-"));
  const server = await startPostgres({
    folder: join(home, "postgres"),
    port: freePort,
    flags: "durable",
    isTemporary: true,
  });
  const passwords = new Map<string, string>();
  const passwordOf = (role: string): string => {
    const password = passwords.get(role) ?? makePassword();
    passwords.set(role, password);
    return password;
  };
  const admin = postgres(server.adminUrl, { max: 1, onnotice: () => undefined });
  return {
    home,
    server,
    databases: (name) => makeDatabases(admin, server, name, passwordOf),
    describe: () => describe(admin, server),
    [Symbol.asyncDispose]: async () => {
      await admin.end({ timeout: 1 });
      await server.stop();
      rmSync(home, { recursive: true, force: true });
    },
  };
}

async function makeDatabases(
  admin: postgres.Sql,
  server: Postgres,
  name: string,
  passwordOf: (role: string) => string,
): Promise<ServiceDatabases> {
  const rolesOf = perService((service) => serviceRoles(service, passwordOf));
  const nameOf = perService((service) => `${name}_${service}`);
  for (const service of SERVICES) {
    await ensureRoles(admin, rolesOf[service]);
    await createDatabase(admin, { name: nameOf[service], roles: rolesOf[service] });
  }
  const databases = perService((service) => ({
    url: urlFor(server.adminUrl, rolesOf[service].app, nameOf[service]),
    ownerUrl: urlFor(server.adminUrl, rolesOf[service].owner, nameOf[service]),
  }));
  await migrateAll(databases);
  return databases;
}

async function describe(admin: postgres.Sql, server: Postgres): Promise<readonly string[]> {
  const [settings] = await admin<Record<string, string>[]>`
    select current_setting('fsync') as fsync, current_setting('synchronous_commit') as commit,
           current_setting('full_page_writes') as pages`;
  const disk = FILE_SYSTEMS[statfsSync(server.folder).type] ?? "another file system";
  const memory = `${Math.round(totalmem() / 2 ** 30)} GiB`;
  return [
    `${availableParallelism()} × ${cpus()[0]?.model.trim() ?? "?"} · ${memory} · ${disk} · Node ${process.versions.node}`,
    `PostgreSQL ${server.version} · fsync ${settings?.fsync} · synchronous_commit ${settings?.commit} · full_page_writes ${settings?.pages}`,
  ];
}

/** Load of the last minute, and how many processes want to run just now. */
export function loadLine(): string {
  const [minute = 0] = loadavg();
  const running = /^procs_running (\d+)$/m.exec(readFileSync("/proc/stat", "utf8"))?.[1] ?? "?";
  return `${minute.toFixed(2)} (${running} running)`;
}
