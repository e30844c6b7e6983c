import { setTimeout } from "node:timers/promises";
import { paymentReference } from "@oi/kernel/id";
import { openNats } from "@oi/platform/events/nats-link";
import { type OutboxRelay, startOutboxRelay } from "@oi/platform/events/outbox-relay";
import { type Database, openDatabase, pingDatabase } from "@oi/platform/postgres/client";
import { databaseClock } from "@oi/platform/postgres/clock";
import { postgresOutboxStore } from "@oi/platform/postgres/outbox-store";
import { type RpcServer, startRpcServer } from "@oi/platform/rpc/server";
import { Health } from "@oi/platform/service/health";
import { systemRandom } from "@oi/platform/service/random";
import { createLogger, type Logger } from "@oi/platform/telemetry/logger";
import { credentialVault, readPeppers } from "./adapters/crypto/credential-vault.ts";
import { callbackDigest, requestFingerprint } from "./adapters/crypto/digests.ts";
import { eventEncoder } from "./adapters/events/event-encoder.ts";
import { postgresApplicationStore } from "./adapters/postgres/application-store.ts";
import { postgresCallbackStore } from "./adapters/postgres/callback-store.ts";
import { postgresInquiryQueue } from "./adapters/postgres/inquiry-queue.ts";
import { postgresPaymentStore } from "./adapters/postgres/payment-store.ts";
import { applicationMessage } from "./adapters/rpc/application-message.ts";
import { mountPayments } from "./adapters/rpc/mount.ts";
import { paymentMapper } from "./adapters/rpc/payment-message.ts";
import { maskedCallback } from "./adapters/sslcommerz/evidence-text.ts";
import { sslcommerzGateways } from "./adapters/sslcommerz/sslcommerz-gateways.ts";
import { startSweepLoops } from "./adapters/worker/sweep-loops.ts";
import { authenticate } from "./application/authenticate.ts";
import { createPayment } from "./application/create-payment.ts";
import { getCheckout } from "./application/get-checkout.ts";
import { getPayment } from "./application/get-payment.ts";
import { type Inquire, inquire } from "./application/inquire.ts";
import { listPayments } from "./application/list-payments.ts";
import { type OpenCheckoutPorts, openCheckout } from "./application/open-checkout.ts";
import { recordCallback } from "./application/record-callback.ts";
import { registerApplication } from "./application/register-application.ts";
import { orderUrls } from "./application/session-order.ts";
import { sweepExpired, sweepInquiries } from "./application/sweep.ts";
import { type TakeCallbackPorts, takeCallback } from "./application/take-callback.ts";
import { updateSettings } from "./application/update-settings.ts";
import type { PaymentsConfig } from "./config.ts";

export type PaymentsApp = AsyncDisposable & { readonly rpc: RpcServer };

/** Longer than the slowest gateway call with its repeat, so that nobody else asks meanwhile. */
const INQUIRY_LEASE_MS = 30_000;
const OPEN_GRACE_MS = 15 * 60_000;

/** Joins the inside of payments with its technology, and starts it. The only file that knows both. */
export async function createApp(
  config: PaymentsConfig,
  overrides: { log?: Logger } = {},
): Promise<PaymentsApp> {
  const log = overrides.log ?? createLogger({ service: "payments", level: config.runtime.logLevel });
  await using started = new AsyncDisposableStack();
  const database = started.use(openDatabase(config.database, "payments"));
  // Sweeps, leases and health have connections of their own, so that load cannot starve repair.
  const background = started.use(openDatabase(config.database, "payments-background", 4));
  const clock = started.use(await databaseClock(background, log));
  const relay = startRelay(config, log, started);
  const gateways = started.use(sslcommerzGateways({ accounts: config.accounts.map(reveal) }));
  const stores = openStores(config, database, relay.wake);
  const queue = postgresInquiryQueue(background, INQUIRY_LEASE_MS);
  const ports = { ...stores, queue, gateways, clock };

  const { schedule, recheckMs, doubtMs } = config;
  const ask = inquire({ ...ports, rules: { schedule, recheckMs, doubtMs, openGraceMs: OPEN_GRACE_MS } });
  const sweeps = { inquiries: sweepInquiries({ queue, inquire: ask }), expiry: sweepExpired(ports) };
  const loops = config.sweeps ? started.use(startSweepLoops(sweeps, log)) : null;
  const services = mountPayments(
    {
      ...customerSide(config, ports, ask, () => loops?.wake()),
      createPayment: createPayment({
        ...ports,
        ids: { paymentReference: () => paymentReference(systemRandom().bytes(16)) },
      }),
      getPayment: getPayment(ports),
      listPayments: listPayments(ports),
      registerApplication: registerApplication(ports),
      updateSettings: updateSettings(ports),
      authenticate: authenticate(ports),
      applications: ports.applications,
      fingerprint: requestFingerprint,
      paymentMessage: ports.paymentMessage,
    },
    log,
  );
  const health = new Health([{ name: "PostgreSQL", check: () => pingDatabase(background) }]);
  const rpc = started.use(await startRpcServer({ ...config.rpc, services, health }));
  const all = started.move();
  return { rpc, [Symbol.asyncDispose]: () => all.disposeAsync() };
}

function startRelay(
  { nats, database }: PaymentsConfig,
  log: Logger,
  started: AsyncDisposableStack,
): OutboxRelay {
  const link = started.use(openNats({ url: nats.url, name: "payments" }));
  const store = postgresOutboxStore(database, "payments-relay");
  const { streamReplicas: replicas, maxAgeDays } = nats;
  const stream = { name: "PAYMENTS", subjects: ["payments.>"], replicas, maxAgeDays };
  return started.use(startOutboxRelay({ store, link, log, stream }));
}

function openStores(config: PaymentsConfig, database: Database, onEvents: () => void) {
  const paymentMessage = paymentMapper(config.publicUrl);
  const encodeEvent = eventEncoder({ random: systemRandom(), paymentMessage, applicationMessage });
  return {
    paymentMessage,
    payments: postgresPaymentStore({ database, encodeEvent, onEvents }),
    applications: postgresApplicationStore({ database, encodeEvent, onEvents }),
    callbacks: postgresCallbackStore(database),
    vault: credentialVault(readPeppers(config.peppers)),
  };
}

type CheckoutPorts = Omit<
  OpenCheckoutPorts & TakeCallbackPorts,
  "urls" | "schedule" | "pause" | "recordCallback" | "inquire" | "wakeInquiries" | "patience"
>;

/** Everything that happens between a customer, the gateway and us. */
function customerSide(config: PaymentsConfig, ports: CheckoutPorts, ask: Inquire, wakeInquiries: () => void) {
  const pause = (ms: number): Promise<void> => setTimeout(ms);
  const record = recordCallback({ ...ports, digest: callbackDigest, maskedPayload: maskedCallback });
  return {
    getCheckout: getCheckout(ports),
    openCheckout: openCheckout({
      ...ports,
      urls: orderUrls(config.publicUrl),
      schedule: config.schedule,
      pause,
    }),
    takeCallback: takeCallback({
      ...ports,
      recordCallback: record,
      inquire: ask,
      pause,
      patience: (ms) => AbortSignal.timeout(ms),
      wakeInquiries,
    }),
  };
}

const reveal = (account: PaymentsConfig["accounts"][number]) => ({
  ...account,
  storePassword: account.storePassword.reveal(),
});
