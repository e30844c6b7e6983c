import { silentLogger } from "@oi/platform/telemetry/logger";
import { eventually } from "@oi/testkit/eventually";
import { expect, it } from "vitest";
import { createApp } from "./app.ts";
import { readConfig } from "./config.ts";
import { postgresLedger } from "./testing/postgres-ledger.ts";

// Real: the whole service as production configures it, on the server of the tests, with the wrong login.
it("is not ready in production with a login that could rewrite the books, and says why", async () => {
  await using ledger = await postgresLedger();
  const expectReadiness = async (url: string, environment: string, expected: object): Promise<void> => {
    const config = readConfig({
      NODE_ENV: environment,
      LEDGER_DATABASE_URL: url,
      NATS_URL: "nats://127.0.0.1:1",
      RPC_HOST: "127.0.0.1",
      RPC_PORT: "0",
      OPS_PORT: "0",
      RPC_CALLERS: `edge=${"t".repeat(32)}:oi.ledger.v1.LedgerService/ListTransactions`,
      PAGE_TOKEN_KEY: "k".repeat(32),
    });
    await using app = await createApp(config, { log: silentLogger() });
    await eventually(async () => {
      const response = await fetch(`${app.rpc.jsonUrl}/readyz`);
      expect(await response.json()).toEqual(expected);
    });
  };
  const because = (problem: string) => ({
    status: "not ready",
    problems: [expect.stringContaining(problem)],
  });
  const { ownerUrl, adminUrl } = ledger.test;
  await expectReadiness(ownerUrl, "production", because("the login owns tables"));
  await expectReadiness(adminUrl, "production", because("the login is a superuser"));
  await expectReadiness(ownerUrl, "development", { status: "ready", problems: [] });
});
