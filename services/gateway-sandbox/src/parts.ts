import { createAdminGuard } from "./adapters/http/admin-guard.ts";
import { createAdminRoutes } from "./adapters/http/admin-routes.ts";
import { createGatewayRoutes } from "./adapters/http/gateway-routes.ts";
import { nodeDigests } from "./adapters/node/digests.ts";
import { createPostForm } from "./adapters/node/post-form.ts";
import { createWaitFor } from "./adapters/node/wait.ts";
import { createActAsCustomer } from "./application/act-as-customer.ts";
import { createChooseFault } from "./application/choose-fault.ts";
import { createExpireSession } from "./application/expire-session.ts";
import { createForgeCallback } from "./application/forge-callback.ts";
import { createInquireRefund } from "./application/inquire-refund.ts";
import type { LoadScenarios } from "./application/load-scenarios.ts";
import { createNotifyMerchant } from "./application/notify-merchant.ts";
import { createOpenSession } from "./application/open-session.ts";
import { createPlayCustomer } from "./application/play-customer.ts";
import type { Scheduler } from "./application/ports.ts";
import { createPrepareCallback } from "./application/prepare-callback.ts";
import { createQueryTransactions } from "./application/query-transactions.ts";
import { createRefundPayment } from "./application/refund-payment.ts";
import { createReportTruth } from "./application/report-truth.ts";
import { createResetWorld } from "./application/reset-world.ts";
import { createRunAutopilot } from "./application/run-autopilot.ts";
import { createSendCallback } from "./application/send-callback.ts";
import { createSendForgeries } from "./application/send-forgeries.ts";
import { createStartOutage } from "./application/start-outage.ts";
import { createTellMerchant } from "./application/tell-merchant.ts";
import { createValidatePayment } from "./application/validate-payment.ts";
import type { World } from "./application/world.ts";
import type { SandboxConfig } from "./config.ts";
import type { References } from "./domain/references.ts";

/** What every part stands on. */
export type Foundation = {
  readonly config: SandboxConfig;
  readonly publicUrl: string;
  readonly world: World;
  readonly scheduler: Scheduler;
  readonly references: References;
  readonly scenarios: LoadScenarios;
  readonly stop: AbortSignal;
};

/** Everything by which the simulator reaches the merchant. */
export function createCallbacks({ config, world, scheduler, references, stop }: Foundation) {
  const { stores, returnDelayMs } = config;
  const waitFor = createWaitFor(stop);
  const prepare = createPrepareCallback({ stores, clock: scheduler, digests: nodeDigests });
  const callbacks = createSendCallback({ world, clock: scheduler, postForm: createPostForm(stop) });
  const base = { world, scheduler, references, prepare, callbacks };
  const notifier = createNotifyMerchant(base);
  const tell = createTellMerchant({ ...base, notifier, returnDelayMs });
  const play = createPlayCustomer({ ...base, tell });
  const act = createActAsCustomer({ world, scheduler, play, callbacks, waitFor });
  const forge = createForgeCallback({ ...base, clock: scheduler });
  const expire = createExpireSession({ world, notifier });
  const sendForgeries = createSendForgeries({ world, scheduler, forge });
  return { waitFor, callbacks, play, act, forge, sendForgeries, expire };
}

type Callbacks = ReturnType<typeof createCallbacks>;

/** Everything that the merchant asks for. */
export function createGateway(
  { config, publicUrl, world, scheduler, references }: Foundation,
  callbacks: Callbacks,
) {
  const {
    stores,
    rates,
    refundDelayMs,
    duplicateRefund,
    duplicateTranId,
    sessionLifetimeMs: lifetimeMs,
  } = config;
  const { waitFor, act, expire, sendForgeries } = callbacks;
  const { hurry, arrive } = createRunAutopilot({ world, clock: scheduler, act, autopilot: config.autopilot });
  const books = { world, stores, clock: scheduler };
  const money = { rates, references, scheduler };
  return createGatewayRoutes({
    operations: {
      session: createOpenSession({ ...books, ...money, lifetimeMs, duplicateTranId, publicUrl, expire }),
      validate: createValidatePayment(books),
      query: createQueryTransactions(books),
      refund: createRefundPayment({ ...books, references, refundDelayMs, duplicateRefund }),
      refundStatus: createInquireRefund(books),
    },
    chooseFault: createChooseFault({ world, clock: scheduler }),
    journal: world.journal,
    clock: scheduler,
    waitFor,
    customerHurries: hurry,
    customerArrives: (sessionKey) => {
      arrive(sessionKey);
      sendForgeries(sessionKey);
    },
  });
}

/** Everything that tests and developers steer it by. */
export function createAdmin(
  { config, publicUrl, world, scheduler, references, scenarios }: Foundation,
  { act, forge }: Callbacks,
) {
  const repeats = config.seed !== null;
  return createAdminRoutes({
    world,
    scheduler,
    truth: createReportTruth({ world, clock: scheduler }),
    act,
    forge,
    startOutage: createStartOutage({ world, clock: scheduler }),
    scenarios,
    reset: createResetWorld({
      world,
      scheduler,
      references,
      repeats,
      loadConfigured: scenarios.loadConfigured,
    }),
    refuse: createAdminGuard(config.adminToken, publicUrl),
  });
}
