import { expect, it } from "vitest";
import { readConfig } from "./config.ts";

const URLS = { LEDGER_DATABASE_URL: "postgres://ledger_app@db/ledger", NATS_URL: "nats://nats:4222" };

it("needs a database and NATS, and no more", () => {
  expect(readConfig(URLS)).toMatchObject({
    rpc: { rpcPort: 9102, opsPort: 9202 },
    databaseOwnerUrl: URLS.LEDGER_DATABASE_URL,
    consumer: { maxAckPending: 1_000, ackWaitMs: 30_000 },
  });
});

it("takes the owner's address for migrations apart", () => {
  const owner = "postgres://ledger_owner@db/ledger";
  expect(readConfig({ ...URLS, LEDGER_DATABASE_OWNER_URL: owner }).databaseOwnerUrl).toBe(owner);
});

it("names every problem at once", () => {
  expect(() => readConfig({ CONSUMER_MAX_ACK_PENDING: "0" })).toThrow(
    /LEDGER_DATABASE_URL: is required[\s\S]*NATS_URL: is required[\s\S]*CONSUMER_MAX_ACK_PENDING/,
  );
});

it("wants in production what outside it is made up, and knows no failpoint there", () => {
  const production = { ...URLS, NODE_ENV: "production", RPC_CALLERS: "" };
  expect(() => readConfig({ ...production, FAILPOINT: "post.before_commit" })).toThrow(
    /PAGE_TOKEN_KEY: is required in production[\s\S]*FAILPOINT: must not be set in production/,
  );
  expect(readConfig({ ...URLS, FAILPOINT: "post.before_commit:2" }).failpoint).toMatchObject({ nth: 2 });
  expect(readConfig(URLS).failpoint).toBeNull();
});
