import { describe, expect, it } from "vitest";
import type { SslcommerzAccount } from "./account.ts";
import { accountProblems } from "./account-problems.ts";

const TEST: SslcommerzAccount = {
  id: "sslcommerz-test",
  mode: "TEST",
  baseUrl: "http://localhost:8099",
  storeId: "testbox",
  storePassword: "qwerty",
};
const LIVE: SslcommerzAccount = { ...TEST, mode: "LIVE", baseUrl: "https://securepay.sslcommerz.com" };

describe("an account", () => {
  it.each([
    TEST,
    { ...TEST, baseUrl: "https://sandbox.sslcommerz.com/" },
    { ...TEST, baseUrl: "http://gateway-sandbox:8099", allowedRedirectOrigins: ["http://localhost:8099"] },
    LIVE,
    { ...LIVE, allowedRedirectOrigins: ["https://epay.sslcommerz.com"] },
  ])("may be started with: $mode $baseUrl", (account) => {
    expect(accountProblems(account)).toEqual([]);
  });

  it.each([
    "http://securepay.sslcommerz.com",
    "https://sandbox.sslcommerz.com",
    "https://securepay.sslcommerz.com.evil.example",
    "https://securepay.sslcommerz.com:8443",
    "https://securepay.sslcommerz.com/x",
    "https://user:pass@securepay.sslcommerz.com",
    "securepay.sslcommerz.com",
    "",
  ])("is refused as LIVE at %s", (baseUrl) => {
    expect(accountProblems({ ...LIVE, baseUrl })).not.toEqual([]);
  });

  it.each([
    "https://securepay.sslcommerz.com",
    "https://uat.sslcommerz.com",
    "http://sandbox.sslcommerz.com",
    "ftp://localhost",
    "http://localhost:8099?x=1",
  ])("is refused as TEST at %s", (baseUrl) => {
    expect(accountProblems({ ...TEST, baseUrl })).not.toEqual([]);
  });

  it.each([
    { ...LIVE, allowedRedirectOrigins: ["https://sslcommerz.com.evil.example"] },
    { ...LIVE, allowedRedirectOrigins: ["http://epay.sslcommerz.com"] },
    { ...LIVE, allowedRedirectOrigins: ["https://evilsslcommerz.com"] },
    { ...TEST, allowedRedirectOrigins: ["http://localhost:8099/"] },
    { ...TEST, storeId: "" },
    { ...TEST, storePassword: " " },
    { ...TEST, callsPerSecond: 0 },
    { ...TEST, deadlines: { read: 0 } },
  ])("is refused: %o", (account) => {
    expect(accountProblems(account)).toHaveLength(1);
  });

  it("never names the password in a problem", () => {
    const problems = accountProblems({ ...LIVE, baseUrl: "x", storeId: "", storePassword: "canary-1" });
    expect(problems.join(" ")).not.toContain("canary-1");
  });
});
