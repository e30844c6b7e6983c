import { grpcTransport, type Transport } from "@oi/platform/rpc/client";
import { openJsonDoor } from "@oi/platform/rpc/json-door";
import { systemClock } from "@oi/platform/service/clock";
import { Health } from "@oi/platform/service/health";
import { createLogger, type Logger } from "@oi/platform/telemetry/logger";
import { edgeHttp } from "./adapters/http/edge-http.ts";
import { cachedCredentials } from "./adapters/memory/cached-credentials.ts";
import { checkoutWatches } from "./adapters/memory/checkout-watches.ts";
import { guardedCredentials } from "./adapters/memory/guarded-credentials.ts";
import { tokenBuckets } from "./adapters/memory/token-buckets.ts";
import { rpcCheckouts } from "./adapters/rpc/rpc-checkouts.ts";
import { rpcCredentials } from "./adapters/rpc/rpc-credentials.ts";
import { rpcLedgerRecord } from "./adapters/rpc/rpc-ledger-record.ts";
import { rpcPaymentHistory } from "./adapters/rpc/rpc-payment-history.ts";
import { rpcPayments } from "./adapters/rpc/rpc-payments.ts";
import { rpcRefunds } from "./adapters/rpc/rpc-refunds.ts";
import { rpcWebhookLog } from "./adapters/rpc/rpc-webhook-log.ts";
import type { EdgeConfig } from "./config.ts";

/** Some tens of bytes each; enough that no real set of merchants pushes one out. */
const CREDENTIALS_REMEMBERED = 10_000;
/** Of each kind; about 100 bytes each. Whoever is forgotten goes on at the base rate. */
const BUCKETS_REMEMBERED = 20_000;

export type EdgeApp = AsyncDisposable & {
  /** Where the public listener answers, as `http://127.0.0.1:8080`. */
  readonly url: string;
  /** `/healthz` and `/readyz`. */
  readonly opsUrl: string;
};

export type EdgeOverrides = {
  readonly log?: Logger;
  /** For services that share a process, and for tests. They stay the caller's to close. */
  readonly transports?: {
    readonly payments?: Transport;
    readonly ledger?: Transport;
    readonly webhooks?: Transport;
  };
};

function reachable(host: string, port: number): string {
  const address = host === "0.0.0.0" || host === "::" ? "127.0.0.1" : host;
  return `http://${address.includes(":") ? `[${address}]` : address}:${port}`;
}

/** Joins the edge and starts it. Disposing drains: not ready, then the public listener, then channels, then ops. */
export async function createApp(config: EdgeConfig, overrides: EdgeOverrides = {}): Promise<EdgeApp> {
  const { host, port, opsPort, drainSeconds } = config.http;
  const log = overrides.log ?? createLogger({ service: "edge", level: config.runtime.logLevel });
  await using started = new AsyncDisposableStack();

  const health = new Health([]);
  const ops = await openJsonDoor({ services: [], health, host, port: opsPort });
  started.defer(() => ops.close(drainSeconds * 1_000));

  // A channel connects when it is first needed, so whoever is down keeps nobody from starting.
  const transportTo = (name: "payments" | "ledger" | "webhooks"): Transport =>
    overrides.transports?.[name] ?? started.use(grpcTransport(config.rpc[name], { token: config.rpc.token }));
  const payments = transportTo("payments");
  const clock = systemClock();
  const limiter = tokenBuckets({ limits: config.rates, clock, maxBuckets: BUCKETS_REMEMBERED });
  const guarded = guardedCredentials({
    credentials: rpcCredentials(payments),
    limiter,
    maxEntries: CREDENTIALS_REMEMBERED,
  });
  // The memory stands before the guard: who is known is never refused because others guess.
  const credentials = cachedCredentials({
    credentials: guarded,
    clock,
    seconds: config.credentialCacheSeconds,
    maxEntries: CREDENTIALS_REMEMBERED,
  });

  const checkouts = rpcCheckouts(payments);
  let publicUrl = config.http.publicUrl ?? "";
  const server = await edgeHttp({
    payments: rpcPayments(payments),
    refunds: rpcRefunds(payments),
    history: rpcPaymentHistory(payments),
    ledger: rpcLedgerRecord(transportTo("ledger")),
    webhooks: rpcWebhookLog(transportTo("webhooks")),
    checkouts,
    watches: checkoutWatches({ checkouts, clock }),
    credentials,
    limiter,
    clock,
    log,
    publicUrl: () => publicUrl,
    trustedProxyHops: config.http.trustedProxyHops,
    limits: config.http.limits,
    live: config.http.live,
    allowedHosts: config.http.allowedHosts,
    docs: config.http.docs,
    defaultLanguage: config.checkoutLanguage,
  });
  const bound = await server.listen(host, port);
  started.defer(() => server.close(drainSeconds * 1_000));
  if (config.http.publicUrl === null) publicUrl = `http://localhost:${bound}`;
  started.defer(() => health.drain());

  const url = reachable(host, bound);
  const opsUrl = reachable(host, ops.port);
  log.info({ url, opsUrl, publicUrl }, "edge is ready");
  const running = started.move();
  return { url, opsUrl, [Symbol.asyncDispose]: () => running.disposeAsync() };
}
