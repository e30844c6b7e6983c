import { type TestNats, testNats } from "@oi/testkit/nats";
import { openNats } from "../events/nats-link.ts";
import { type OutboxRelay, startOutboxRelay } from "../events/outbox-relay.ts";
import { postgresOutboxStore } from "../postgres/outbox-store.ts";
import { createLogger, type Logger, silentLogger } from "../telemetry/logger.ts";
import { type PlatformDatabase, platformDatabase } from "./platform-database.ts";

export const STREAM = { name: "THINGS", subjects: ["things.>"], replicas: 1, maxAgeDays: 7 };

export type RelayWorld = AsyncDisposable & {
  readonly platform: PlatformDatabase;
  readonly nats: TestNats;
  /** A relay with a link of its own, as a process has them. Disposing it stops both. */
  startRelay(log?: Logger): OutboxRelay;
};

export async function relayWorld(): Promise<RelayWorld> {
  await using stack = new AsyncDisposableStack();
  const [platform, nats] = await Promise.all([platformDatabase(), testNats()]);
  stack.use(platform);
  stack.use(nats);
  const held = stack.move();
  return {
    platform,
    nats,
    startRelay: (log = silentLogger()) => {
      const link = openNats({ url: nats.url, name: "test" });
      const store = postgresOutboxStore(platform.config, "relay");
      const relay = startOutboxRelay({ store, link, stream: STREAM, log });
      return {
        wake: relay.wake,
        [Symbol.asyncDispose]: async () => {
          await relay[Symbol.asyncDispose]();
          await link[Symbol.asyncDispose]();
        },
      };
    },
    [Symbol.asyncDispose]: () => held.disposeAsync(),
  };
}

export function linesLogger(lines: string[]): Logger {
  const destination = { write: (line: string) => void lines.push(line) };
  return createLogger({ service: "test", level: "info", destination });
}
