import { ConfigError } from "@oi/platform/config/env";
import { expect, it } from "vitest";
import { readConfig } from "./config.ts";

const ENV = {
  PAYMENTS_DATABASE_URL: "postgres://u:p@h/d",
  NATS_URL: "nats://h:4222",
  PUBLIC_URL: "https://pay.example/",
  API_SECRET_PEPPER: "p1:0123456789abcdef0123",
};
const HOUR_MS = 3_600_000;

it("keeps the answers to idempotency keys for 72 hours, and never for less than a day", () => {
  expect(readConfig(ENV).retentionMs).toBe(72 * HOUR_MS);
  expect(readConfig({ ...ENV, IDEMPOTENCY_RETENTION_HOURS: "24" }).retentionMs).toBe(24 * HOUR_MS);
  for (const hours of ["23", "0", "-1", "never"])
    expect(() => readConfig({ ...ENV, IDEMPOTENCY_RETENTION_HOURS: hours })).toThrow(
      /IDEMPOTENCY_RETENTION_HOURS/,
    );
});

it("has no account for a mode that is not configured, and names every problem at once", () => {
  const { accounts, publicUrl } = readConfig(ENV);
  expect([accounts, publicUrl]).toEqual([[], "https://pay.example"]);
  const wrong = { ...ENV, API_SECRET_PEPPER: "p1:short", INQUIRY_SCHEDULE: "60,30", REFUND_SCHEDULE: "x" };
  expect(() => readConfig(wrong)).toThrow(ConfigError);
  for (const name of ["API_SECRET_PEPPER", "INQUIRY_SCHEDULE", "REFUND_SCHEDULE"])
    expect(() => readConfig(wrong)).toThrow(name);
});
