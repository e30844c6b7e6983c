import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { type TestNats, testNats } from "@oi/testkit/nats";
import { freePort } from "@oi/tools/infra/ports";
import { type Postgres, startPostgres } from "@oi/tools/infra/postgres";
import { makePassword } from "@oi/tools/infra/postgres-cluster";
import { createDatabase, ensureRoles, serviceRoles, urlFor } from "@oi/tools/infra/service-database";
import postgres from "postgres";
import { migrateAll } from "../constellation.ts";
import { SERVICES, type ServiceDatabases, type ServiceName } from "../environment.ts";

/** PostgreSQL and NATS of a storm, both to be killed and started again on what they had. */
export type Servers = AsyncDisposable & {
  readonly databases: ServiceDatabases;
  readonly nats: TestNats;
  /** Where the cluster's files lie. */
  readonly dataFolder: string;
  /** SIGKILL to the postmaster. */
  killPostgres(): Promise<void>;
  startPostgres(): Promise<void>;
};

const RESTART_LIMIT_MS = 30_000;

export async function startServers(folder: string): Promise<Servers> {
  await using started = new AsyncDisposableStack();
  const own = join(folder, "postgres");
  // Durable, because what a kill may lose is the question.
  const launch = (port: () => Promise<number>): Promise<Postgres> =>
    startPostgres({ folder: own, port, flags: "durable" });
  let server = await launch(freePort);
  started.defer(() => server.stop());
  const { port, adminUrl } = server;
  const databases = await makeDatabases(adminUrl);
  const nats = started.use(await testNats());
  const all = started.move();
  return {
    databases,
    nats,
    dataFolder: server.folder,
    killPostgres: async () => {
      process.kill(server.pid, "SIGKILL");
      await server.exited;
    },
    startPostgres: async () => {
      server = await again(() => launch(async () => port));
    },
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  };
}

/** Backends that outlive their postmaster for a moment hold its memory, and a new one refuses to start until they end. */
async function again<T>(start: () => Promise<T>): Promise<T> {
  const deadline = performance.now() + RESTART_LIMIT_MS;
  for (;;) {
    try {
      return await start();
    } catch (error) {
      if (performance.now() > deadline) throw error;
    }
    await sleep(200);
  }
}

async function makeDatabases(adminUrl: string): Promise<ServiceDatabases> {
  const admin = postgres(adminUrl, { max: 1, onnotice: () => undefined });
  try {
    const made: [ServiceName, ServiceDatabases[ServiceName]][] = [];
    for (const service of SERVICES) {
      const roles = serviceRoles(service, makePassword);
      const name = `oi_${service}`;
      await ensureRoles(admin, roles);
      await createDatabase(admin, { name, roles });
      made.push([
        service,
        { url: urlFor(adminUrl, roles.app, name), ownerUrl: urlFor(adminUrl, roles.owner, name) },
      ]);
    }
    const databases = Object.fromEntries(made) as ServiceDatabases;
    await migrateAll(databases);
    return databases;
  } finally {
    await admin.end({ timeout: 1 });
  }
}
