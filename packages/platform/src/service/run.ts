import type { Logger } from "../telemetry/logger.ts";

/**
 * Keeps a service alive until SIGTERM or SIGINT, then disposes it. A second signal, or a drain that takes longer than
 * `drainSeconds` and ten more, ends the process with code 1.
 */
export async function run(
  app: AsyncDisposable,
  options: { drainSeconds: number; log: Logger },
): Promise<void> {
  const { drainSeconds, log } = options;
  const signal = await new Promise<NodeJS.Signals>((resolve) => {
    for (const name of ["SIGTERM", "SIGINT", "SIGHUP"] as const) process.once(name, resolve);
  });
  log.info({ signal }, "stopping");
  const hardStop = setTimeout(() => process.exit(1), (drainSeconds + 10) * 1_000);
  for (const name of ["SIGTERM", "SIGINT"] as const) process.once(name, () => process.exit(1));
  await app[Symbol.asyncDispose]();
  clearTimeout(hardStop);
  log.info("stopped");
}
