import { describe, expect, it } from "vitest";
import { readConfig } from "./config.ts";

it("needs no variable at all", () => {
  const config = readConfig({});
  expect(config).toMatchObject({
    port: 8099,
    host: "127.0.0.1",
    publicUrl: null,
    seed: null,
    autopilot: "magic",
    adminToken: null,
    sessionLifetimeMs: 1_800_000,
    returnDelayMs: 50,
    refundDelayMs: 2_000,
    duplicateTranId: "reject",
    duplicateRefund: "reject",
  });
  expect([...config.stores]).toEqual([["testbox", "qwerty"]]);
  expect(config.rates).toMatchObject({ BDT: 10_000n, EUR: 1_022_884n });
  expect(Object.isFrozen(config)).toBe(true);
});

it("reads what is given", () => {
  const config = readConfig({
    PORT: "0",
    SANDBOX_HOST: "0.0.0.0",
    SANDBOX_PUBLIC_URL: "https://sandbox.example/",
    SANDBOX_STORES: "a:1,b:2:3",
    SANDBOX_RATES: "USD:120",
    SANDBOX_AUTOPILOT: "always",
  });
  expect(config).toMatchObject({ port: 0, host: "0.0.0.0", publicUrl: "https://sandbox.example" });
  expect([...config.stores]).toEqual([
    ["a", "1"],
    ["b", "2:3"],
  ]);
  expect(config.rates).toEqual({ BDT: 10_000n, USD: 1_200_000n });
});

describe("refusals", () => {
  it("never starts in production", () => {
    expect(() => readConfig({ NODE_ENV: "production" })).toThrow("must never run");
  });

  it("names every problem at once", () => {
    const env = {
      PORT: "70000",
      SANDBOX_STORES: "nobody",
      SANDBOX_RATES: "EUR:x",
      SANDBOX_AUTOPILOT: "sometimes",
      SANDBOX_PUBLIC_URL: "sandbox",
    };
    for (const name of Object.keys(env)) expect(() => readConfig(env)).toThrow(name);
  });
});
