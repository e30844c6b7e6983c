import type { SslcommerzAccount } from "./account.ts";

const LIVE_BASE = "https://securepay.sslcommerz.com";
const TEST_HOST = "sandbox.sslcommerz.com";

function parse(text: string): URL | null {
  return URL.canParse(text) ? new URL(text) : null;
}

const isTheirs = (host: string): boolean => host === "sslcommerz.com" || host.endsWith(".sslcommerz.com");

function baseProblems({ mode, baseUrl }: SslcommerzAccount): string[] {
  const url = parse(baseUrl);
  if (url === null || !["http:", "https:"].includes(url.protocol))
    return ["base URL: must be an http(s) URL"];
  const problems: string[] = [];
  if (url.username !== "" || url.password !== "" || url.search !== "" || url.hash !== "") {
    problems.push("base URL: must have no user, query or fragment");
  }
  if (mode === "LIVE" && baseUrl.replace(/\/$/, "") !== LIVE_BASE) {
    problems.push(`base URL: LIVE must be exactly ${LIVE_BASE}`);
  }
  if (mode === "TEST" && isTheirs(url.hostname)) {
    if (url.hostname !== TEST_HOST) problems.push(`base URL: TEST at SSLCOMMERZ must be ${TEST_HOST}`);
    if (url.protocol !== "https:") problems.push("base URL: SSLCOMMERZ is spoken to over https only");
  }
  return problems;
}

function originProblems({ mode, allowedRedirectOrigins = [] }: SslcommerzAccount): string[] {
  return allowedRedirectOrigins.flatMap((origin) => {
    const url = parse(origin);
    if (url === null || url.origin !== origin) return ["redirect origin: must be scheme, host and port only"];
    const trusted = url.protocol === "https:" && url.hostname.endsWith(".sslcommerz.com");
    return mode === "LIVE" && !trusted ? ["redirect origin: LIVE must be https at .sslcommerz.com"] : [];
  });
}

function limitProblems({ callsPerSecond = 1, deadlines = {} }: SslcommerzAccount): string[] {
  const problems = callsPerSecond >= 1 ? [] : ["calls per second: must be at least 1"];
  const positive = Object.values(deadlines).every((ms) => ms > 0);
  return positive ? problems : [...problems, "deadlines: must be positive"];
}

/**
 * Why the service must not start with this account; empty when it may. A LIVE account that points anywhere but the
 * real gateway, or a TEST account that points at it, would move real money by mistake.
 */
export function accountProblems(account: SslcommerzAccount): string[] {
  const { storeId, storePassword } = account;
  const problems = [...baseProblems(account), ...originProblems(account), ...limitProblems(account)];
  if (!/^[\x21-\x7e]{1,30}$/.test(storeId)) problems.push("store id: must be 1 to 30 visible characters");
  if (storePassword.trim() === "") problems.push("store password: must not be empty");
  return problems;
}
