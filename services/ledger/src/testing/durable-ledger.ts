import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { openDatabase } from "@oi/platform/postgres/client";
import { migrate } from "@oi/platform/postgres/migrate";
import { freePort } from "@oi/tools/infra/ports";
import { type Postgres, startPostgres } from "@oi/tools/infra/postgres";
import { createDatabase, ensureRoles, serviceRoles, urlFor } from "@oi/tools/infra/service-database";

import { readConfig } from "../config.ts";

export type DurableLedger = AsyncDisposable & {
  readonly url: string;
  readonly port: number;
  /** Ends the server as a power cut does, and starts it again on what is left. */
  crash(): Promise<void>;
};

const MIGRATIONS = fileURLToPath(new URL("../../migrations", import.meta.url));

/** A server of one's own that keeps what it acknowledges: the one of the other tests flushes nothing. */
export async function durableLedger(): Promise<DurableLedger> {
  const folder = mkdtempSync(join(tmpdir(), "oi-ledger-crash-"));
  const start = (port: () => Promise<number>) =>
    startPostgres({ folder, port, flags: "durable", isTemporary: true });
  let server: Postgres = await start(freePort);
  const { port } = server;
  const roles = serviceRoles("ledger", () => "durable");
  const config = readConfig({ LEDGER_DATABASE_URL: server.adminUrl, NATS_URL: "nats://127.0.0.1" });
  const admin = openDatabase(config.database, "admin", 1);
  await ensureRoles(admin.sql, roles);
  await createDatabase(admin.sql, { name: "ledger", roles });
  await admin[Symbol.asyncDispose]();
  const ownerUrl = urlFor(server.adminUrl, roles.owner, "ledger");
  await migrate({ ownerUrl, appRole: roles.app.name, folder: MIGRATIONS });
  return {
    url: urlFor(server.adminUrl, roles.app, "ledger"),
    port,
    crash: async () => {
      process.kill(server.pid, "SIGKILL");
      await server.exited;
      server = await start(() => Promise.resolve(port));
    },
    [Symbol.asyncDispose]: () => server.stop(),
  };
}
