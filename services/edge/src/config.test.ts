import { ConfigError } from "@oi/platform/config/env";
import { expect, test } from "vitest";
import { readConfig } from "./config.ts";

test("runs alone on a laptop without any variable", () => {
  expect(readConfig({})).toMatchObject({
    http: {
      host: "127.0.0.1",
      port: 8080,
      opsPort: 9200,
      publicUrl: null,
      trustedProxyHops: 0,
      drainSeconds: 30,
    },
    rpc: { payments: "127.0.0.1:9101", ledger: "127.0.0.1:9102", webhooks: "127.0.0.1:9103" },
    credentialCacheSeconds: 5,
    checkoutLanguage: "bn",
  });
});

const PRODUCTION = {
  NODE_ENV: "production",
  PUBLIC_URL: "https://pay.example/base/",
  PAYMENTS_RPC_URL: "dns:///payments-headless:9090",
  LEDGER_RPC_URL: "dns:///ledger-headless:9090",
  WEBHOOKS_RPC_URL: "[::1]:9090",
};

test("listens everywhere and behind one proxy in production", () => {
  const { http } = readConfig(PRODUCTION);
  expect(http).toMatchObject({ host: "0.0.0.0", publicUrl: "https://pay.example/base", trustedProxyHops: 1 });
  expect(readConfig({ ...PRODUCTION, EDGE_HOST: "10.0.0.7" }).http.host).toBe("10.0.0.7");
});

test("names everything that production lacks at once", () => {
  let problems: readonly string[] = [];
  try {
    readConfig({ NODE_ENV: "production" });
  } catch (error) {
    problems = error instanceof ConfigError ? error.problems : [];
  }
  const names = ["PUBLIC_URL", "PAYMENTS_RPC_URL", "LEDGER_RPC_URL", "WEBHOOKS_RPC_URL"];
  for (const name of names) expect(problems.join("\n")).toContain(`${name}: is required`);
});

test.each([
  ["PORT", "65536"],
  ["PUBLIC_URL", "ftp://x.example"],
  ["PUBLIC_URL", "https://x.example/?a=1"],
  ["PAYMENTS_RPC_URL", "http://payments:9090"],
  ["PAYMENTS_RPC_URL", "payments"],
  ["CREDENTIAL_CACHE_SECONDS", "6"],
  ["CHECKOUT_LANGUAGE", "fr"],
  ["TRUSTED_PROXY_HOPS", "-1"],
])("refuses %s=%s", (name, value) => {
  expect(() => readConfig({ [name]: value })).toThrow(name);
});
