import { createAdminGuard } from "./adapters/http/admin-guard.ts";
import { createAdminRoutes } from "./adapters/http/admin-routes.ts";
import { answerText, type Handle } from "./adapters/http/exchange.ts";
import { createGatewayRoutes } from "./adapters/http/gateway-routes.ts";
import { createHandle } from "./adapters/http/handle.ts";
import { createPageRoutes } from "./adapters/http/page-routes.ts";
import { close, createHttpServer, listen } from "./adapters/http/server.ts";
import { nodeDigests } from "./adapters/node/digests.ts";
import { createPostForm } from "./adapters/node/post-form.ts";
import { createScheduler } from "./adapters/node/scheduler.ts";
import { createWaitFor } from "./adapters/node/wait.ts";
import { createActAsCustomer } from "./application/act-as-customer.ts";
import { createChooseFault } from "./application/choose-fault.ts";
import { createExpireSession } from "./application/expire-session.ts";
import { createForgeCallback } from "./application/forge-callback.ts";
import { createInquireRefund } from "./application/inquire-refund.ts";
import { createNotifyMerchant } from "./application/notify-merchant.ts";
import { createOpenSession } from "./application/open-session.ts";
import { createPlayCustomer } from "./application/play-customer.ts";
import type { Clock, Scheduler } from "./application/ports.ts";
import { createPrepareCallback } from "./application/prepare-callback.ts";
import { createQueryTransactions } from "./application/query-transactions.ts";
import { createRefundPayment } from "./application/refund-payment.ts";
import { createReportTruth } from "./application/report-truth.ts";
import { createResetWorld } from "./application/reset-world.ts";
import { createRunAutopilot } from "./application/run-autopilot.ts";
import { createSendCallback } from "./application/send-callback.ts";
import { createStartOutage } from "./application/start-outage.ts";
import { createValidatePayment } from "./application/validate-payment.ts";
import { createWorld, type World } from "./application/world.ts";
import { derivePublicUrl, type SandboxConfig } from "./config.ts";
import { createReferences, type References } from "./domain/references.ts";

export type SandboxApp = AsyncDisposable & {
  /** The base address that merchants configure, and the origin of the hosted page. */
  readonly url: string;
  readonly address: { readonly host: string; readonly port: number };
};

const systemClock: Clock = { now: () => Date.now() };

type Foundation = {
  readonly config: SandboxConfig;
  readonly publicUrl: string;
  readonly world: World;
  readonly scheduler: Scheduler;
  readonly references: References;
  readonly stop: AbortSignal;
};

/** Everything by which the simulator reaches the merchant. */
function createCallbacks({ config, world, scheduler, references, stop }: Foundation) {
  const { stores, returnDelayMs } = config;
  const waitFor = createWaitFor(stop);
  const prepare = createPrepareCallback({ stores, clock: scheduler, digests: nodeDigests });
  const callbacks = createSendCallback({ world, clock: scheduler, postForm: createPostForm(stop) });
  const notify = createNotifyMerchant({ world, scheduler, prepare, callbacks });
  const base = { world, scheduler, references, prepare, callbacks };
  const play = createPlayCustomer({ ...base, notify, returnDelayMs });
  const act = createActAsCustomer({ world, scheduler, play, callbacks, waitFor });
  const forge = createForgeCallback({ ...base, clock: scheduler });
  const expire = createExpireSession({ world, notify });
  return { waitFor, callbacks, play, act, forge, expire };
}

type Callbacks = ReturnType<typeof createCallbacks>;

/** Everything that the merchant asks for. */
function createGateway(
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
  const { waitFor, act, expire } = callbacks;
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
    customerArrives: createRunAutopilot({ world, act, autopilot: config.autopilot }),
  });
}

/** Everything that tests and developers steer it by. */
function createAdmin(
  { config, publicUrl, world, scheduler, references }: Foundation,
  { act, forge }: Callbacks,
) {
  return createAdminRoutes({
    world,
    scheduler,
    truth: createReportTruth({ world, clock: scheduler }),
    act,
    forge,
    startOutage: createStartOutage({ world, clock: scheduler }),
    reset: createResetWorld({ world, scheduler, references, repeats: config.seed !== null }),
    refuse: createAdminGuard(config.adminToken, publicUrl),
  });
}

/** Starts listening. Disposing ends everything at once: timers, answers that hang, callbacks under way. */
export async function createApp(
  config: SandboxConfig,
  overrides: { clock?: Clock } = {},
): Promise<SandboxApp> {
  const clock = overrides.clock ?? systemClock;
  const stop = new AbortController();
  let handle: Handle = () => answerText(503, "The simulator is starting.");
  const server = createHttpServer((incoming) => handle(incoming));
  const port = await listen(server, config.port, config.host);
  const url = config.publicUrl ?? derivePublicUrl(config.host, port);
  const world = createWorld();
  const scheduler = createScheduler(clock);
  const references = createReferences(config.seed ?? String(clock.now()));
  const foundation = { config, publicUrl: url, world, scheduler, references, stop: stop.signal };
  const callbacks = createCallbacks(foundation);
  const pages = createPageRoutes({ world, play: callbacks.play, callbacks: callbacks.callbacks });
  handle = createHandle([createGateway(foundation, callbacks), pages, createAdmin(foundation, callbacks)]);
  return {
    url,
    address: { host: config.host, port },
    [Symbol.asyncDispose]: async () => {
      stop.abort();
      scheduler.clear();
      await close(server);
    },
  };
}
