import {
  type DatabaseConfig,
  type NatsConfig,
  type RpcConfig,
  type RuntimeConfig,
  readDatabase,
  readFailpoint,
  readNats,
  readRpc,
  readRuntime,
} from "@oi/platform/config/common";
import { type Env, type EnvReader, readEnv, Secret } from "@oi/platform/config/env";
import { readPageTokenKey } from "@oi/platform/config/page-token-key";
import type { Failpoint } from "@oi/platform/service/failpoint";
import { accountProblems } from "./adapters/sslcommerz/account-problems.ts";
import { DEFAULT_SCHEDULE, type InquirySchedule } from "./domain/inquiry-schedule.ts";
import { DEFAULT_REFUND_SCHEDULE, type RefundSchedule } from "./domain/refund-schedule.ts";

export type GatewayAccountConfig = {
  readonly id: string;
  readonly mode: "TEST" | "LIVE";
  readonly baseUrl: string;
  readonly storeId: string;
  readonly storePassword: Secret;
  readonly callsPerSecond: number;
  readonly allowedRedirectOrigins: readonly string[] | undefined;
};

export type PaymentsConfig = {
  readonly runtime: RuntimeConfig;
  readonly rpc: RpcConfig;
  readonly database: DatabaseConfig;
  /** The owner of the tables, for `migrate` alone. */
  readonly databaseOwnerUrl: string;
  readonly nats: NatsConfig;
  /** Signs the tokens of further pages; the same in every process. */
  readonly pageTokenKey: Secret;
  readonly publicUrl: string;
  /** `id:key`, the first makes new digests, all judge old ones. */
  readonly peppers: readonly [Secret, ...Secret[]];
  readonly accounts: readonly GatewayAccountConfig[];
  readonly schedule: InquirySchedule;
  readonly recheckMs: number;
  readonly doubtMs: number;
  readonly refundSchedule: RefundSchedule;
  /** Who has held a question to the gateway, or a refund's call, for longer has died. */
  readonly leases: { readonly inquiryMs: number; readonly refundMs: number };
  /** How long answers to idempotency keys are kept. */
  readonly retentionMs: number;
  readonly sweeps: boolean;
  readonly failpoint: Failpoint | null;
};

const MIN_PEPPER_LENGTH = 16;

/** Reads everything that payments is told from outside. Raises ConfigError with every problem at once. */
export function readConfig(env: Env): Readonly<PaymentsConfig> {
  return readEnv(env, (read) => {
    const runtime = readRuntime(read);
    const database = readDatabase(read, "PAYMENTS");
    return {
      runtime,
      rpc: readRpc(read, runtime, { rpc: 9101, ops: 9201 }),
      database,
      databaseOwnerUrl: read.url("PAYMENTS_DATABASE_OWNER_URL", ["postgres", "postgresql"], database.url),
      nats: readNats(read),
      pageTokenKey: readPageTokenKey(read, runtime.production),
      publicUrl: read.url("PUBLIC_URL", ["http", "https"]).replace(/\/+$/, ""),
      peppers: readPeppers(read),
      accounts: (["TEST", "LIVE"] as const).flatMap((mode) => readAccount(read, mode)),
      schedule: readSchedule(read),
      recheckMs: read.integer("GATEWAY_RECHECK_MS", 15_000, { min: 0, max: 600_000 }),
      doubtMs: read.integer("GATEWAY_DOUBT_MS", 30_000, { min: 0, max: 600_000 }),
      refundSchedule: readRefundSchedule(read),
      leases: readLeases(read, runtime),
      retentionMs: read.integer("IDEMPOTENCY_RETENTION_HOURS", 72, { min: 24, max: 8_760 }) * 3_600_000,
      sweeps: read.flag("SWEEPS", true),
      failpoint: readFailpoint(read, runtime),
    };
  });
}

/** Longer than the slowest call to the gateway with its repeat, so that nobody else asks meanwhile. */
function readLeases(read: EnvReader, { production }: RuntimeConfig): PaymentsConfig["leases"] {
  const max = 600_000;
  return {
    inquiryMs: read.integer("INQUIRY_LEASE_MS", 30_000, { min: production ? 25_000 : 1_000, max }),
    refundMs: read.integer("REFUND_LEASE_MS", 60_000, { min: production ? 35_000 : 1_000, max }),
  };
}

function readPeppers(read: EnvReader): readonly [Secret, ...Secret[]] {
  const list = read.secret("API_SECRET_PEPPER");
  const [first, ...others] = list.reveal().split(",");
  for (const pepper of [first ?? "", ...others]) {
    const [id, key] = pepper.split(":");
    if (!id || (key ?? "").length < MIN_PEPPER_LENGTH) {
      read.problem(
        `API_SECRET_PEPPER: must be id:key pairs whose key has at least ${MIN_PEPPER_LENGTH} characters`,
      );
    }
  }
  return [new Secret(first ?? ""), ...others.map((pepper) => new Secret(pepper))];
}

/** A mode without a base URL has no account: opening its checkouts answers that the gateway is unavailable. */
function readAccount(read: EnvReader, mode: "TEST" | "LIVE"): GatewayAccountConfig[] {
  const prefix = `SSLCOMMERZ_${mode}`;
  const baseUrl = read.optionalText(`${prefix}_BASE_URL`);
  if (baseUrl === undefined) return [];
  const origins = read.list(`${prefix}_REDIRECT_ORIGINS`);
  const account: GatewayAccountConfig = {
    id: `sslcommerz-${mode.toLowerCase()}`,
    mode,
    baseUrl,
    storeId: read.text(`${prefix}_STORE_ID`),
    storePassword: read.secret(`${prefix}_STORE_PASSWORD`),
    callsPerSecond: read.integer("GATEWAY_CALLS_PER_SECOND", 10, { min: 1, max: 100_000 }),
    allowedRedirectOrigins: origins.length > 0 ? origins : undefined,
  };
  const problems = accountProblems({ ...account, storePassword: account.storePassword.reveal() });
  for (const problem of problems) read.problem(`${prefix}: ${problem}`);
  return [account];
}

/** `INQUIRY_SCHEDULE` replaces the seconds after the opening; the rest of the schedule stays. */
function readSchedule(read: EnvReader): InquirySchedule {
  return {
    ...DEFAULT_SCHEDULE,
    afterOpening: readRising(read, "INQUIRY_SCHEDULE", DEFAULT_SCHEDULE.afterOpening),
  };
}

/** `REFUND_SCHEDULE` replaces the seconds after the acceptance; the rest of the schedule stays. */
function readRefundSchedule(read: EnvReader): RefundSchedule {
  const { afterAcceptance } = DEFAULT_REFUND_SCHEDULE;
  return {
    ...DEFAULT_REFUND_SCHEDULE,
    afterAcceptance: readRising(read, "REFUND_SCHEDULE", afterAcceptance),
  };
}

function readRising(read: EnvReader, name: string, standard: readonly number[]): readonly number[] {
  const seconds = read.list(name, standard.map(String)).map(Number);
  const rising = seconds.every((value, i) => value > (seconds[i - 1] ?? 0));
  if (!rising || seconds.length === 0) read.problem(`${name}: must be rising seconds such as 30,60,120`);
  return seconds;
}
