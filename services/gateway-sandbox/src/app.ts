import { answerText, type Handle } from "./adapters/http/exchange.ts";
import { createHandle } from "./adapters/http/handle.ts";
import { createPageRoutes } from "./adapters/http/page-routes.ts";
import { close, createHttpServer, listen } from "./adapters/http/server.ts";
import { readScenarioFiles } from "./adapters/node/scenario-files.ts";
import { createScheduler } from "./adapters/node/scheduler.ts";
import { createLoadScenarios } from "./application/load-scenarios.ts";
import type { Clock } from "./application/ports.ts";
import { createWorld } from "./application/world.ts";
import { derivePublicUrl, type SandboxConfig } from "./config.ts";
import { createReferences } from "./domain/references.ts";
import { createAdmin, createCallbacks, createGateway } from "./parts.ts";

export type SandboxApp = AsyncDisposable & {
  /** The base address that merchants configure, and the origin of the hosted page. */
  readonly url: string;
  readonly address: { readonly host: string; readonly port: number };
};

const systemClock: Clock = { now: () => Date.now() };

/** Starts listening. Disposing ends everything at once: timers, answers that hang, callbacks under way. */
export async function createApp(
  config: SandboxConfig,
  overrides: { clock?: Clock } = {},
): Promise<SandboxApp> {
  const clock = overrides.clock ?? systemClock;
  const stop = new AbortController();
  const world = createWorld();
  const scenarios = createLoadScenarios({
    world,
    scenarios: readScenarioFiles(),
    configured: config.scenarios,
  });
  scenarios.loadConfigured();
  let handle: Handle = () => answerText(503, "The simulator is starting.");
  const server = createHttpServer((incoming) => handle(incoming));
  const port = await listen(server, config.port, config.host);
  const url = config.publicUrl ?? derivePublicUrl(config.host, port);
  const scheduler = createScheduler(clock);
  const references = createReferences(config.seed ?? String(clock.now()));
  const foundation = { config, publicUrl: url, world, scheduler, references, scenarios, stop: stop.signal };
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
