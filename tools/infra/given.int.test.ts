import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import postgres from "postgres";
import { afterAll, beforeAll, expect, inject, it } from "vitest";
import { checkGivenDatabase } from "./given-database.ts";
import { startInfrastructure } from "./local.ts";
import { type Nats, startNats } from "./nats.ts";
import { findNatsServer } from "./nats-binary.ts";
import { freePort } from "./ports.ts";

const folder = mkdtempSync(join(tmpdir(), "oi-given-"));
let nats: Nats;

beforeAll(async () => {
  nats = await startNats({ folder: join(folder, "nats"), port: freePort, env: process.env });
});
afterAll(async () => {
  await nats.stop();
  rmSync(folder, { recursive: true, force: true });
});

it("starts nothing of its own when everything is given", async () => {
  const url = inject("postgresAdminUrl");
  const env = {
    PAYMENTS_DATABASE_URL: url,
    LEDGER_DATABASE_URL: url,
    WEBHOOKS_DATABASE_URL: url,
    NATS_URL: nats.url,
  };
  await using infrastructure = await startInfrastructure({ home: join(folder, "home"), env });
  expect(infrastructure.databases.ledger).toEqual({ url, ownerUrl: url });
  expect(infrastructure.natsUrl).toBe(nats.url);
  expect(infrastructure.description.postgresql).toMatch(
    /^payments: given, 18\.4 at postgres:\/\/postgres:\*\*\*@/,
  );
});

it("says which given database is away, without its password", async () => {
  const away = "postgres://me:secret@127.0.0.1:1/none";
  const failure = checkGivenDatabase("ledger", { url: away, ownerUrl: away });
  await expect(failure).rejects.toMatchObject({
    exitCode: 66,
    what: expect.stringContaining("LEDGER_DATABASE_URL"),
  });
  await expect(failure).rejects.not.toMatchObject({ why: expect.stringContaining("secret") });
});

it("says what to grant when the given role may not create tables", async () => {
  const admin = postgres(inject("postgresAdminUrl"), { max: 1, onnotice: () => undefined });
  await admin.unsafe("create role test_guest login password 'guest'");
  const url = new URL(inject("postgresAdminUrl"));
  url.username = "test_guest";
  url.password = "guest";
  try {
    await expect(checkGivenDatabase("payments", { url: url.href, ownerUrl: url.href })).rejects.toMatchObject(
      {
        exitCode: 66,
        fix: expect.stringContaining('grant create on schema public to "test_guest"'),
      },
    );
  } finally {
    await admin.unsafe("drop role test_guest");
    await admin.end();
  }
});

it("refuses a given server that is away or no NATS server", async () => {
  await expect(
    startInfrastructure({
      home: join(folder, "refused"),
      env: { ...process.env, OI_EPHEMERAL: "1", NATS_URL: "nats://127.0.0.1:1" },
    }),
  ).rejects.toMatchObject({ exitCode: 67 });
});

it("lists everything that was tried when there is no nats-server", async () => {
  const env = {
    PATH: "/nowhere",
    XDG_CACHE_HOME: join(folder, "cache"),
    NATS_SERVER_BIN: "/nowhere/nats-server",
  };
  await expect(findNatsServer(env)).rejects.toMatchObject({
    exitCode: 67,
    why: expect.stringContaining("/nowhere/nats-server"),
    fix: expect.stringContaining("NATS_URL"),
  });
});
