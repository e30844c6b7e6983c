import { setTimeout } from "node:timers/promises";
import { paymentReference } from "@oi/kernel/id";
import { openNats } from "@oi/platform/events/nats-link";
import { startOutboxRelay } from "@oi/platform/events/outbox-relay";
import { openDatabase, pingDatabase } from "@oi/platform/postgres/client";
import { databaseClock } from "@oi/platform/postgres/clock";
import { postgresOutboxStore } from "@oi/platform/postgres/outbox-store";
import { type RpcServer, startRpcServer } from "@oi/platform/rpc/server";
import { Health } from "@oi/platform/service/health";
import { type Loop, startLoop } from "@oi/platform/service/loop";
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
import { authenticate } from "./application/authenticate.ts";
import { createPayment } from "./application/create-payment.ts";
import { getCheckout } from "./application/get-checkout.ts";
import { getPayment } from "./application/get-payment.ts";
import { inquire } from "./application/inquire.ts";
import { listPayments } from "./application/list-payments.ts";
import { openCheckout } from "./application/open-checkout.ts";
import { recordCallback } from "./application/record-callback.ts";
import { registerApplication } from "./application/register-application.ts";
import { orderUrls } from "./application/session-order.ts";
import { sweepExpired, sweepInquiries } from "./application/sweep.ts";
import { takeCallback } from "./application/take-callback.ts";
import { updateSettings } from "./application/update-settings.ts";
import type { PaymentsConfig } from "./config.ts";

export type PaymentsApp = AsyncDisposable & { readonly rpc: RpcServer };

/** Longer than the slowest gateway call with its repeat, so that nobody else asks meanwhile. */
const INQUIRY_LEASE_MS = 30_000;
const OPEN_GRACE_MS = 15 * 60_000;
const SWEEP_EVERY_MS = 250;
const EXPIRE_EVERY_MS = 1_000;

/** Joins the inside of payments with its technology, and starts it. The only file that knows both. */
export async function createApp(
  config: PaymentsConfig,
  overrides: { log?: Logger } = {},
): Promise<PaymentsApp> {
  const log = overrides.log ?? createLogger({ service: "payments", level: config.runtime.logLevel });
  await using started = new AsyncDisposableStack();
  const database = started.use(openDatabase(config.database, "payments"));
  const background = started.use(openDatabase(config.database, "payments-background", 4));
  const clock = started.use(await databaseClock(background, log));
  const link = started.use(openNats({ url: config.nats.url, name: "payments" }));
  const relay = started.use(
    startOutboxRelay({
      store: postgresOutboxStore(config.database, "payments-relay"),
      link,
      log,
      stream: {
        name: "PAYMENTS",
        subjects: ["payments.>"],
        replicas: config.nats.streamReplicas,
        maxAgeDays: config.nats.maxAgeDays,
      },
    }),
  );
  const gateways = started.use(sslcommerzGateways({ accounts: config.accounts.map(reveal) }));
  const random = systemRandom();
  const vault = credentialVault(readPeppers(config.peppers));
  const paymentMessage = paymentMapper(config.publicUrl);
  const encodeEvent = eventEncoder({ random, paymentMessage, applicationMessage });
  const onEvents = relay.wake;
  const payments = postgresPaymentStore({ database, encodeEvent, onEvents });
  const applications = postgresApplicationStore({ database, encodeEvent, onEvents });
  const callbacks = postgresCallbackStore(database);
  const queue = postgresInquiryQueue(background, INQUIRY_LEASE_MS);
  const { schedule, recheckMs, doubtMs } = config;
  const rules = { schedule, recheckMs, doubtMs, openGraceMs: OPEN_GRACE_MS };
  const ask = inquire({ payments, gateways, clock, rules });
  const pause = (ms: number): Promise<void> => setTimeout(ms);
  const sweep = (name: string, everyMs: number, work: (signal: AbortSignal) => Promise<boolean>): Loop =>
    started.use(
      startLoop({ name, everyMs, log, work: async (signal) => ((await work(signal)) ? "more" : "idle") }),
    );
  const inquiries = config.sweeps
    ? sweep("inquiries", SWEEP_EVERY_MS, sweepInquiries({ queue, inquire: ask }))
    : null;
  if (config.sweeps) sweep("expiry", EXPIRE_EVERY_MS, sweepExpired({ payments, queue, clock }));
  const record = recordCallback({
    callbacks,
    gateways,
    digest: callbackDigest,
    maskedPayload: maskedCallback,
  });
  const services = mountPayments(
    {
      createPayment: createPayment({
        payments,
        clock,
        ids: { paymentReference: () => paymentReference(random.bytes(16)) },
      }),
      getPayment: getPayment({ payments }),
      listPayments: listPayments({ payments }),
      getCheckout: getCheckout({ payments, gateways }),
      openCheckout: openCheckout({
        payments,
        gateways,
        clock,
        urls: orderUrls(config.publicUrl),
        schedule,
        pause,
      }),
      takeCallback: takeCallback({
        recordCallback: record,
        inquire: ask,
        queue,
        callbacks,
        pause,
        patience: (ms) => AbortSignal.timeout(ms),
        wakeInquiries: () => inquiries?.wake(),
      }),
      registerApplication: registerApplication({ applications, vault }),
      updateSettings: updateSettings({ applications, clock }),
      authenticate: authenticate({ applications, vault }),
      applications,
      fingerprint: requestFingerprint,
      paymentMessage,
    },
    log,
  );
  const health = new Health([{ name: "PostgreSQL", check: () => pingDatabase(background) }]);
  const rpc = started.use(await startRpcServer({ ...config.rpc, services, health }));
  const all = started.move();
  return { rpc, [Symbol.asyncDispose]: () => all.disposeAsync() };
}

const reveal = (account: PaymentsConfig["accounts"][number]) => ({
  ...account,
  storePassword: account.storePassword.reveal(),
});
