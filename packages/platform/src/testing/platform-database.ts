import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestDatabase, testDatabase } from "@oi/testkit/postgres";
import postgres, { type Sql } from "postgres";
import type { DatabaseConfig } from "../config/common.ts";

export type PlatformDatabase = AsyncDisposable & {
  readonly test: TestDatabase;
  /** The superuser in the same database. */
  readonly admin: Sql;
  readonly config: DatabaseConfig;
};

export function databaseConfig(url: string, changes: Partial<DatabaseConfig> = {}): DatabaseConfig {
  return {
    url,
    poolMax: 4,
    waitMax: 4,
    connectTimeoutMs: 2_000,
    statementTimeoutMs: 5_000,
    lockTimeoutMs: 2_000,
    idleTransactionTimeoutMs: 5_000,
    ...changes,
  };
}

/** A database of one's own that holds what the platform's own migrations make, and nothing else. */
export async function platformDatabase(): Promise<PlatformDatabase> {
  const root = mkdtempSync(join(tmpdir(), "oi-platform-"));
  await using stack = new AsyncDisposableStack();
  stack.defer(() => rmSync(root, { recursive: true, force: true }));
  const test = stack.use(await testDatabase({ migrations: root, service: "ledger" }));
  const admin = postgres(test.adminUrl, { max: 4, onnotice: () => {} });
  stack.defer(() => admin.end({ timeout: 1 }));
  const held = stack.move();
  return {
    test,
    admin,
    config: databaseConfig(test.url),
    [Symbol.asyncDispose]: () => held.disposeAsync(),
  };
}
