import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { openDatabase } from "@oi/platform/postgres/client";
import { migrate } from "@oi/platform/postgres/migrate";
import postgres from "postgres";
import { postgresBooks } from "../../../services/ledger/src/adapters/postgres/books.ts";
import { groupCommit, type Lane } from "../../../services/ledger/src/adapters/postgres/lane.ts";
import { postgresPostings } from "../../../services/ledger/src/adapters/postgres/postings.ts";
import { postgresLedgerReads } from "../../../services/ledger/src/adapters/postgres/reads.ts";
import type { Books, LedgerReads, Postings } from "../../../services/ledger/src/application/ports.ts";
import { freePort } from "../../infra/ports.ts";
import { startPostgres } from "../../infra/postgres.ts";
import { createDatabase, ensureRoles, serviceRoles, urlFor } from "../../infra/service-database.ts";

export type LedgerStage = AsyncDisposable & {
  readonly lane: Lane;
  /** The same without a lane: each call is a commit of its own. */
  readonly direct: Postings;
  readonly books: Books;
  readonly reads: LedgerReads;
  readonly admin: postgres.Sql;
  readonly serverPid: number;
  readonly version: string;
};

const LIMITS = {
  poolMax: 10,
  waitMax: 100_000,
  connectTimeoutMs: 5_000,
  statementTimeoutMs: 60_000,
  lockTimeoutMs: 60_000,
  idleTransactionTimeoutMs: 60_000,
};

/** A PostgreSQL of one's own that keeps what it acknowledges, with an empty ledger. */
export async function openLedgerStage(): Promise<LedgerStage> {
  await using started = new AsyncDisposableStack();
  const folder = mkdtempSync(join(tmpdir(), "oi-bench-ledger-"));
  const server = started.use(
    await startPostgres({ folder, port: freePort, flags: "durable", isTemporary: true }),
  );
  const roles = serviceRoles("ledger", () => "bench");
  const setUp = postgres(server.adminUrl, { max: 1, onnotice: () => undefined });
  await ensureRoles(setUp, roles);
  await createDatabase(setUp, { name: "ledger", roles });
  await setUp.end();
  const ownerUrl = urlFor(server.adminUrl, roles.owner, "ledger");
  const migrations = fileURLToPath(new URL("../../../services/ledger/migrations", import.meta.url));
  await migrate({ ownerUrl, appRole: roles.app.name, folder: migrations });
  const config = { url: urlFor(server.adminUrl, roles.app, "ledger"), ...LIMITS };
  const open = (name: string, max: number) => started.use(openDatabase(config, name, max));
  const adminUrl = new URL(server.adminUrl);
  adminUrl.pathname = "/ledger";
  const admin = postgres(adminUrl.href, { max: 32, onnotice: () => undefined });
  started.defer(() => admin.end({ timeout: 1 }));
  const announce = { announce: () => null };
  const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
  const inner = postgresPostings(open("lane", 4), announce);
  const lane = started.use(groupCommit(inner, { lanes: 4, queueMax: 100_000, pause }));
  const stage = {
    lane,
    direct: postgresPostings(open("direct", 8), announce),
    books: postgresBooks(open("books", 1)),
    reads: postgresLedgerReads(open("reads", 4)),
    admin,
    serverPid: server.pid,
    version: server.version,
  };
  const held = started.move();
  return { ...stage, [Symbol.asyncDispose]: () => held.disposeAsync() };
}
