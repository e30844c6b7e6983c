import { ConfigError } from "@oi/platform/config/env";
import { expect, it } from "vitest";
import { readConfig, readMigration } from "./config.ts";

const KEY = Buffer.alloc(32, 7).toString("base64");
const ENV = {
  WEBHOOKS_DATABASE_URL: "postgres://webhooks_app@127.0.0.1/oi_webhooks",
  NATS_URL: "nats://127.0.0.1:4222",
  WEBHOOKS_KEKS: `a:${KEY}`,
};

function problems(change: Readonly<Record<string, string>>): readonly string[] {
  try {
    readConfig({ ...ENV, ...change });
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
}

it("has the documented defaults", () => {
  const config = readConfig(ENV);
  expect(config.dispatch).toEqual({
    slots: 256,
    testSlots: 64,
    suspectSlots: 128,
    hostCap: 8,
    applicationCap: 16,
    applicationCaps: {},
    deadlineMs: 15_000,
    leaseMs: 45_000,
    reapEveryMs: 5_000,
  });
  expect(config.rpc).toMatchObject({ rpcPort: 9103, opsPort: 9203 });
  expect(config.egress).toEqual({ allowCidrs: [], dnsServers: [], proxy: null });
  expect(config.timeScale).toBe(1);
});

it("refuses keys that are none, without showing them", () => {
  for (const keks of ["", "a", `a:${KEY.slice(4)}`, `a:${KEY},b`, `a:${KEY},a:${KEY}`, `:${KEY}`]) {
    const found = problems({ WEBHOOKS_KEKS: keks });
    expect(found, keks).toHaveLength(1);
    expect(found.join()).not.toContain(KEY);
  }
  const { keks } = readConfig({ ...ENV, WEBHOOKS_KEKS: `b:${KEY}, a:${KEY}` });
  expect(keks.map(({ id }) => id)).toEqual(["b", "a"]);
  expect(JSON.stringify(keks)).not.toContain(KEY);
});

it("takes caps of single applications, and a proxy without showing its password", () => {
  expect(readConfig({ ...ENV, WEBHOOKS_APP_CAPS: "42=64, 7=32" }).dispatch.applicationCaps).toEqual({
    42: 64,
    7: 32,
  });
  for (const caps of ["42", "42=0", "0=4", "a=4", "42=64;7=32"])
    expect(problems({ WEBHOOKS_APP_CAPS: caps }), caps).toHaveLength(1);
  const proxy = "http://user:word@proxy.internal:3128";
  expect(readConfig({ ...ENV, WEBHOOKS_PROXY_URL: proxy }).egress.proxy?.host).toBe("proxy.internal:3128");
  for (const url of ["proxy:3128", "https://proxy/", "http://user:word@proxy/x", "socks5://user:word@p:1"]) {
    const found = problems({ WEBHOOKS_PROXY_URL: url });
    expect(found, url).toHaveLength(1);
    expect(found.join()).not.toContain("word@");
  }
});

it("keeps the lease at three deadlines or more", () => {
  expect(problems({ WEBHOOKS_DEADLINE_MS: "20000" })).toHaveLength(1);
  expect(problems({ WEBHOOKS_DEADLINE_MS: "20000", WEBHOOKS_LEASE_MS: "60000" })).toEqual([]);
});

it("refuses in production what only tests may have", () => {
  const loose = { WEBHOOKS_EGRESS_ALLOW_CIDRS: "127.0.0.0/8,::1/128", TIME_SCALE: "0.01" };
  expect(problems(loose)).toEqual([]);
  const production = { NODE_ENV: "production", RPC_CALLERS: `edge=${"t".repeat(32)}:*`, PAGE_TOKEN_KEY: KEY };
  expect(problems({ ...loose, ...production })).toHaveLength(2);
  expect(problems({ ...production, TIME_SCALE: "1" })).toHaveLength(1);
  expect(problems({ WEBHOOKS_EGRESS_ALLOW_CIDRS: "127.0.0.1" })).toHaveLength(1);
});

it("migrates as the owner, or as the service when there is no owner", () => {
  const url = ENV.WEBHOOKS_DATABASE_URL;
  expect(readMigration({ WEBHOOKS_DATABASE_URL: url })).toEqual({ appUrl: url, ownerUrl: url });
  const ownerUrl = "postgres://owner@127.0.0.1/oi_webhooks";
  expect(readMigration({ WEBHOOKS_DATABASE_URL: url, WEBHOOKS_DATABASE_OWNER_URL: ownerUrl }).ownerUrl).toBe(
    ownerUrl,
  );
});
