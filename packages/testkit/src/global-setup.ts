import type { TestProject } from "vitest/node";
import { type AdminServer, startAdminServer } from "./admin-server.ts";

declare module "vitest" {
  export interface ProvidedContext {
    /** A superuser's address on the server that test databases are made on. */
    postgresAdminUrl: string;
  }
}

/** Both projects that need it run in one vitest process and share one server; the last one out stops it. */
const SHARED = Symbol.for("oi.testkit.postgres");
type Shared = { users: number; readonly server: Promise<AdminServer> };
const shelf = globalThis as { [SHARED]?: Shared };

/** Called by vitest once per project, before its files run. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  shelf[SHARED] ??= { users: 0, server: startAdminServer(process.env) };
  const shared = shelf[SHARED];
  shared.users += 1;
  project.provide("postgresAdminUrl", (await shared.server).adminUrl);
  return async () => {
    shared.users -= 1;
    if (shared.users > 0) return;
    delete shelf[SHARED];
    await (await shared.server).stop();
  };
}
