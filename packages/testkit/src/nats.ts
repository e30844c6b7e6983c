import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Nats, startNats } from "@oi/tools/infra/nats";
import { freePort } from "@oi/tools/infra/ports";

/** A real nats-server with JetStream that a test may stop, kill and rob of its data. */
export type TestNats = AsyncDisposable & {
  /** The same over every restart. */
  readonly url: string;
  readonly storeDir: string;
  /** Orderly. */
  stop(): Promise<void>;
  /** Again on the same port, with what the store holds. */
  start(): Promise<void>;
  /** As a crash would. */
  kill(): Promise<void>;
  /** Empties the store; only while the server does not run. */
  wipe(): void;
};

/** One per test file: it starts in some 100 ms, and streams of different files never meet. */
export async function testNats(): Promise<TestNats> {
  const folder = mkdtempSync(join(tmpdir(), "oi-test-nats-"));
  const launch = (port: () => Promise<number>): Promise<Nats> =>
    startNats({ folder, port, env: process.env, isTemporary: true });
  const first = await launch(freePort);
  let running: Nats | null = first;
  const end = async (how: (server: Nats) => Promise<void>): Promise<void> => {
    const server = running;
    running = null;
    if (server) await how(server);
  };
  return {
    url: first.url,
    storeDir: first.storeDir,
    stop: () => end((server) => server.stop({ keepFolder: true })),
    start: async () => {
      running ??= await launch(async () => first.port);
    },
    kill: () => end((server) => server.kill()),
    wipe: () => {
      if (running) throw new Error("stop or kill the server before its store is wiped");
      rmSync(first.storeDir, { recursive: true, force: true });
    },
    [Symbol.asyncDispose]: async () => {
      await end((server) => server.stop());
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
