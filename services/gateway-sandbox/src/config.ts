import { AUTOPILOTS, type Autopilot } from "./application/run-autopilot.ts";
import { parseRate } from "./domain/money.ts";
import type { Rates } from "./domain/session-request.ts";

export type SandboxConfig = {
  /** 0 lets the system choose. */
  readonly port: number;
  readonly host: string;
  /** null: derived from the port that is bound. */
  readonly publicUrl: string | null;
  /** Passwords by store id. */
  readonly stores: ReadonlyMap<string, string>;
  /** null: another sequence of references at every start. */
  readonly seed: string | null;
  /** Names of scenario files that are in force from the start. */
  readonly scenarios: readonly string[];
  readonly autopilot: Autopilot;
  /** null: admin calls need no token. */
  readonly adminToken: string | null;
  readonly sessionLifetimeMs: number;
  readonly returnDelayMs: number;
  readonly refundDelayMs: number;
  readonly rates: Rates;
  readonly duplicateTranId: "reject" | "parallel";
  readonly duplicateRefund: "reject" | "replay" | "execute_again";
};

export type Environment = Readonly<Record<string, string | undefined>>;

const DEFAULT_RATES = "EUR:102.2884,USD:121.5000,SGD:94.2500,INR:1.4200,MYR:28.7500";
const MAX_MS = 2_147_483_647;

function readWhole(
  env: Environment,
  name: string,
  standard: number,
  max: number,
  problems: string[],
): number {
  const text = env[name] || String(standard);
  const value = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
  if (value <= max) return value;
  problems.push(`${name} must be a whole number from 0 to ${max}.`);
  return standard;
}

function readWord<const T extends string>(
  env: Environment,
  name: string,
  words: readonly [T, ...T[]],
  problems: string[],
): T {
  const text = env[name] || words[0];
  const found = words.find((word) => word === text);
  if (found === undefined) problems.push(`${name} must be one of ${words.join(", ")}.`);
  return found ?? words[0];
}

/** `a:1,b:2` → pairs; the first colon separates, so that a password may contain one. */
function readPairs(
  env: Environment,
  name: string,
  standard: string,
  problems: string[],
): (readonly [string, string])[] {
  return (env[name] || standard).split(",").flatMap((pair) => {
    const at = pair.indexOf(":");
    if (at > 0 && at < pair.length - 1) return [[pair.slice(0, at).trim(), pair.slice(at + 1)] as const];
    problems.push(`${name} must be a list of name:value, separated by commas.`);
    return [];
  });
}

function readRates(env: Environment, problems: string[]): Rates {
  const pairs = readPairs(env, "SANDBOX_RATES", DEFAULT_RATES, problems).map(([currency, text]) => {
    const rate = parseRate(text);
    if (rate === null || rate === 0n)
      problems.push(`SANDBOX_RATES: ${currency} must have at most four decimals.`);
    return [currency, rate ?? 0n] as const;
  });
  return Object.freeze({ ...Object.fromEntries(pairs), BDT: 10_000n });
}

function readPublicUrl(env: Environment, problems: string[]): string | null {
  const text = env.SANDBOX_PUBLIC_URL;
  if (!text) return null;
  const url = URL.parse(text);
  if (url !== null && /^https?:$/.test(url.protocol)) return text.replace(/\/+$/, "");
  problems.push("SANDBOX_PUBLIC_URL must be an http or https address.");
  return null;
}

const LOOPBACK = new Set(["127.0.0.1", "::1", "0.0.0.0", "::"]);

/** Where a browser of this computer finds a server that listens on `host`. */
export function derivePublicUrl(host: string, port: number): string {
  return `http://${LOOPBACK.has(host) ? "localhost" : host}:${port}`;
}

/** Raises one error that names every problem. */
export function readConfig(env: Environment): SandboxConfig {
  const problems: string[] = [];
  if (env.NODE_ENV === "production")
    problems.push("NODE_ENV is production, where a simulated gateway must never run.");
  const config: SandboxConfig = Object.freeze({
    port: readWhole(env, "PORT", 8099, 65_535, problems),
    host: env.SANDBOX_HOST || "127.0.0.1",
    publicUrl: readPublicUrl(env, problems),
    stores: new Map(readPairs(env, "SANDBOX_STORES", "testbox:qwerty", problems)),
    seed: env.SANDBOX_SEED || null,
    scenarios: (env.SANDBOX_SCENARIO ?? "").split(",").flatMap((name) => name.trim() || []),
    autopilot: readWord(env, "SANDBOX_AUTOPILOT", AUTOPILOTS, problems),
    adminToken: env.SANDBOX_ADMIN_TOKEN || null,
    sessionLifetimeMs: readWhole(env, "SANDBOX_SESSION_LIFETIME_MS", 1_800_000, MAX_MS, problems),
    returnDelayMs: readWhole(env, "SANDBOX_RETURN_DELAY_MS", 50, MAX_MS, problems),
    refundDelayMs: readWhole(env, "SANDBOX_REFUND_DELAY_MS", 2_000, MAX_MS, problems),
    rates: readRates(env, problems),
    duplicateTranId: readWord(env, "SANDBOX_DUPLICATE_TRAN_ID", ["reject", "parallel"], problems),
    duplicateRefund: readWord(
      env,
      "SANDBOX_DUPLICATE_REFUND",
      ["reject", "replay", "execute_again"],
      problems,
    ),
  });
  if (problems.length > 0) throw new Error(`gateway-sandbox cannot start. ${problems.join(" ")}`);
  return config;
}
