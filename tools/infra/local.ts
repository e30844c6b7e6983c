import { mkdirSync, rmSync } from "node:fs";
import { mkdtemp } from "node:fs/promises";
import { join, resolve } from "node:path";
import { startMessaging } from "./local-nats.ts";
import { type Databases, startDatabases } from "./local-postgres.ts";
import { lockHome } from "./lock.ts";
import { stopLeftOverNats } from "./nats.ts";
import type { Env } from "./nats-binary.ts";
import { stopLeftOverPostgres } from "./postgres.ts";
import { fallbackFolder } from "./postgres-user.ts";
import { type OnStep, reportStep, type StepName, type StepSettings } from "./steps.ts";

export type InfrastructureOptions = {
  /** `OI_HOME`: holds data, passwords and logs. */
  readonly home: string;
  readonly env: Env;
  readonly flags?: "durable" | "fast";
  readonly onStep?: OnStep;
  /** A server of ours ended although nobody stopped it, and is started again; or it is back. */
  readonly onServer?: (name: StepName, state: "ended" | "returned") => void;
};

export type Infrastructure = AsyncDisposable & {
  /** Where this start keeps its state: the home, or the folder of an ephemeral start, which goes with it. */
  readonly folder: string;
  readonly databases: Databases;
  readonly natsUrl: string;
  readonly description: { readonly postgresql: string; readonly nats: string };
};

/** PostgreSQL and NATS for one constellation: given ones, else our own under the home folder. */
export async function startInfrastructure(options: InfrastructureOptions): Promise<Infrastructure> {
  const home = resolve(options.home);
  const isEphemeral = options.env.OI_EPHEMERAL === "1";
  const lock = isEphemeral ? null : lockHome(home);
  try {
    const infrastructure = await startBoth(await stepSettings(home, isEphemeral, options), options.onStep);
    return {
      ...infrastructure,
      [Symbol.asyncDispose]: async () => {
        await infrastructure[Symbol.asyncDispose]();
        lock?.[Symbol.dispose]();
      },
    };
  } catch (error) {
    lock?.[Symbol.dispose]();
    throw error;
  }
}

/** Forgets all data of a home. Nothing may run on it; the lock tells. */
export async function resetHome(home: string): Promise<void> {
  using _lock = lockHome(resolve(home));
  const postgresFolder = join(resolve(home), "postgres");
  const natsFolder = join(resolve(home), "nats");
  const folders = [postgresFolder, fallbackFolder(postgresFolder), natsFolder];
  await stopLeftOverPostgres(postgresFolder);
  await stopLeftOverPostgres(fallbackFolder(postgresFolder));
  await stopLeftOverNats(natsFolder);
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
}

async function stepSettings(
  home: string,
  isEphemeral: boolean,
  { env, flags, onServer }: InfrastructureOptions,
): Promise<Omit<StepSettings, "onWait">> {
  const parent = isEphemeral ? join(home, "ephemeral") : home;
  mkdirSync(parent, { recursive: true });
  const folder = isEphemeral ? await mkdtemp(join(parent, "run-")) : home;
  return { folder, env, isEphemeral, flags: flags ?? "durable", onServer };
}

async function startBoth(settings: Omit<StepSettings, "onWait">, onStep?: OnStep): Promise<Infrastructure> {
  const [databases, messaging] = await Promise.allSettled([
    reportStep("postgresql", onStep, (onWait) => startDatabases({ ...settings, onWait })),
    reportStep("nats", onStep, (onWait) => startMessaging({ ...settings, onWait })),
  ]);
  const servers = [databases, messaging].flatMap((result) =>
    result.status === "fulfilled" && result.value.server ? [result.value.server] : [],
  );
  const stopAll = async (): Promise<void> => {
    await Promise.all(servers.map((server) => server.stop()));
    if (settings.isEphemeral) rmSync(settings.folder, { recursive: true, force: true });
  };
  if (databases.status === "rejected" || messaging.status === "rejected") {
    await stopAll();
    throw databases.status === "rejected" ? databases.reason : (messaging as PromiseRejectedResult).reason;
  }
  return {
    folder: settings.folder,
    databases: databases.value.databases,
    natsUrl: messaging.value.natsUrl,
    description: { postgresql: databases.value.description, nats: messaging.value.description },
    [Symbol.asyncDispose]: stopAll,
  };
}
