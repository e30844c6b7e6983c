import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "@oi/tools/infra/ports";
import { startPostgres } from "@oi/tools/infra/postgres";
import { dockerAnswers } from "./docker.ts";

export type AdminServer = { readonly adminUrl: string; stop(): Promise<void> };

type Env = Readonly<Record<string, string | undefined>>;

const IMAGE = "postgres:18";

/** A given server, else a container when that was asked for and Docker answers, else our own PostgreSQL. */
export async function startAdminServer(env: Env): Promise<AdminServer> {
  const given = env.TEST_POSTGRES_URL;
  if (given) return { adminUrl: given, stop: async () => undefined };
  if (env.TESTCONTAINERS === "1") {
    if (await dockerAnswers(env)) return startContainer();
    console.warn("TESTCONTAINERS=1, but no Docker engine answers: using the PostgreSQL of node_modules");
  }
  const folder = mkdtempSync(join(tmpdir(), "oi-test-postgres-"));
  const server = await startPostgres({ folder, port: freePort, flags: "fast", isTemporary: true });
  return { adminUrl: server.adminUrl, stop: server.stop };
}

/** Imported only here: loading testcontainers takes the better part of a second. */
async function startContainer(): Promise<AdminServer> {
  const { GenericContainer, Wait } = await import("testcontainers");
  const password = "test";
  const container = await new GenericContainer(IMAGE)
    .withEnvironment({ POSTGRES_PASSWORD: password })
    .withCommand(["-c", "fsync=off", "-c", "max_connections=200", "-c", "timezone=UTC"])
    .withTmpFs({ "/var/lib/postgresql": "rw" })
    .withExposedPorts(5432)
    // The image starts the server twice: once for its own set-up, once for good.
    .withWaitStrategy(Wait.forLogMessage(/ready to accept connections/, 2))
    .start();
  return {
    adminUrl: `postgres://postgres:${password}@${container.getHost()}:${container.getMappedPort(5432)}/postgres`,
    stop: async () => {
      await container.stop();
    },
  };
}
