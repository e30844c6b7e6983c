import { setTimeout } from "node:timers/promises";
import { paymentReference, refundReference } from "@oi/kernel/id";
import { openNats } from "@oi/platform/events/nats-link";
import { type OutboxRelay, startOutboxRelay } from "@oi/platform/events/outbox-relay";
import { type Database, openDatabase } from "@oi/platform/postgres/client";
import { databaseClock } from "@oi/platform/postgres/clock";
import { postgresOutboxStore } from "@oi/platform/postgres/outbox-store";
import { databaseCheck } from "@oi/platform/postgres/readiness";
import { pageTokens } from "@oi/platform/rpc/page-token";
import { type RpcServer, startRpcServer } from "@oi/platform/rpc/server";
import { armFailpoint } from "@oi/platform/service/failpoint";
import { Health } from "@oi/platform/service/health";
import { systemRandom } from "@oi/platform/service/random";
import { createLogger, type Logger } from "@oi/platform/telemetry/logger";
import { credentialVault, readPeppers } from "./adapters/crypto/credential-vault.ts";
import { callbackDigest, requestFingerprint } from "./adapters/crypto/digests.ts";
import { eventEncoder } from "./adapters/events/event-encoder.ts";
import { postgresApplicationStore } from "./adapters/postgres/application-store.ts";
import { postgresCallbackStore } from "./adapters/postgres/callback-store.ts";
import { postgresCredentialStore } from "./adapters/postgres/credential-store.ts";
import { postgresInquiryQueue } from "./adapters/postgres/inquiry-queue.ts";
import { postgresPaymentStore } from "./adapters/postgres/payment-store.ts";
import { postgresReceiptStore } from "./adapters/postgres/receipt-store.ts";
import { postgresRefundQueue } from "./adapters/postgres/refund-queue.ts";
import { postgresRefundStore } from "./adapters/postgres/refund-store.ts";
import { postgresReviewStore } from "./adapters/postgres/review-store.ts";
import { postgresTimelineStore } from "./adapters/postgres/timeline-store.ts";
import { applicationMessage } from "./adapters/rpc/application-message.ts";
import { mountPayments } from "./adapters/rpc/mount.ts";
import { paymentMapper } from "./adapters/rpc/payment-message.ts";
import { receiptMapper } from "./adapters/rpc/receipt-message.ts";
import { refundMessage } from "./adapters/rpc/refund-message.ts";
import { maskedCallback } from "./adapters/sslcommerz/evidence-text.ts";
import { gatewayLog } from "./adapters/sslcommerz/gateway-log.ts";
import { sslcommerzGateways } from "./adapters/sslcommerz/sslcommerz-gateways.ts";
import { withFailpoints, withRelayFailpoints } from "./adapters/worker/failpoints.ts";
import { type SweepLoops, startSweepLoops } from "./adapters/worker/sweep-loops.ts";
import { orderUrls } from "./application/session-order.ts";
import { useCases } from "./application/use-cases.ts";
import type { PaymentsConfig } from "./config.ts";

export type PaymentsApp = AsyncDisposable & { readonly rpc: RpcServer };

const OPEN_GRACE_MS = 15 * 60_000;

/** Joins the inside of payments with its technology, and starts it. The only file that knows both. */
export async function createApp(
  config: PaymentsConfig,
  overrides: { log?: Logger } = {},
): Promise<PaymentsApp> {
  armFailpoint(config.failpoint);
  const log = overrides.log ?? createLogger({ service: "payments", level: config.runtime.logLevel });
  await using started = new AsyncDisposableStack();
  const database = started.use(openDatabase(config.database, "payments"));
  // Sweeps, leases and health have connections of their own, so that load cannot starve repair.
  const background = started.use(openDatabase(config.database, "payments-background", 4));
  const clock = started.use(await databaseClock(background, log));
  const relay = startRelay(config, log, started);
  const accounts = config.accounts.map(reveal);
  const gateways = started.use(sslcommerzGateways({ accounts, ...gatewayLog(log) }));
  const stores = openStores(config, database, relay.wake);
  const { schedule, recheckMs, doubtMs, refundSchedule, retentionMs } = config;
  let loops: SweepLoops | null = null;
  const guarded = config.failpoint ? withFailpoints : <P>(ports: P): P => ports;
  const cases = useCases(
    guarded({
      ...stores,
      ...world(config),
      gateways,
      clock,
      queue: postgresInquiryQueue(background, config.leases.inquiryMs),
      refundQueue: postgresRefundQueue(background, config.leases.refundMs),
      wakeInquiries: () => loops?.wakeInquiries(),
      wakeRefunds: () => loops?.wakeRefunds(),
    }),
    { rules: { schedule, recheckMs, doubtMs, openGraceMs: OPEN_GRACE_MS }, refundSchedule, retentionMs },
  );
  if (config.sweeps) loops = started.use(startSweepLoops(cases.sweeps, log));
  const tools = { fingerprint: requestFingerprint, pageTokens: pageTokens(config.pageTokenKey) };
  const services = mountPayments({ ...cases, ...stores, ...tools }, log);
  const health = new Health([databaseCheck(background, config.runtime, log)]);
  const rpc = started.use(await startRpcServer({ ...config.rpc, services, health }));
  const all = started.move();
  return { rpc, [Symbol.asyncDispose]: () => all.disposeAsync() };
}

function startRelay(
  { nats, database, failpoint }: PaymentsConfig,
  log: Logger,
  started: AsyncDisposableStack,
): OutboxRelay {
  const link = started.use(openNats({ url: nats.url, name: "payments" }));
  const outbox = postgresOutboxStore(database, "payments-relay");
  const store = failpoint ? withRelayFailpoints(outbox) : outbox;
  const { streamReplicas: replicas, maxAgeDays } = nats;
  const stream = { name: "PAYMENTS", subjects: ["payments.>"], replicas, maxAgeDays };
  return started.use(startOutboxRelay({ store, link, log, stream }));
}

function openStores(config: PaymentsConfig, database: Database, onEvents: () => void) {
  const paymentMessage = paymentMapper(config.publicUrl);
  const receiptMessage = receiptMapper(config.publicUrl);
  const random = systemRandom();
  const encodeEvent = eventEncoder({ random, paymentMessage, refundMessage, applicationMessage });
  const ports = { database, encodeEvent, onEvents };
  return {
    paymentMessage,
    receiptMessage,
    payments: postgresPaymentStore(ports),
    refunds: postgresRefundStore(ports),
    receipts: postgresReceiptStore(database),
    reviews: postgresReviewStore(database),
    timeline: postgresTimelineStore(database),
    applications: postgresApplicationStore(ports),
    credentials: postgresCredentialStore(database),
    callbacks: postgresCallbackStore(database),
    vault: credentialVault(readPeppers(config.peppers)),
  };
}

/** What use cases need of the world besides stores and gateways. */
function world({ publicUrl }: PaymentsConfig) {
  return {
    ids: {
      paymentReference: () => paymentReference(systemRandom().bytes(16)),
      refundReference: () => refundReference(systemRandom().bytes(16)),
    },
    chance: () => 2 * Math.random() - 1,
    stopwatch: () => performance.now(),
    urls: orderUrls(publicUrl),
    digest: callbackDigest,
    maskedPayload: maskedCallback,
    pause: (ms: number): Promise<void> => setTimeout(ms),
    patience: (ms: number) => AbortSignal.timeout(ms),
  };
}

const reveal = (account: PaymentsConfig["accounts"][number]) => ({
  ...account,
  storePassword: account.storePassword.reveal(),
});
