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
import { type OnStep, reportStep, type StepSettings } from "./steps.ts";

export type InfrastructureOptions = {
  /** `OI_HOME`: holds data, passwords and logs. */
  readonly home: string;
  readonly env: Env;
  readonly flags?: "durable" | "fast";
  readonly onStep?: OnStep;
};

export type Infrastructure = AsyncDisposable & {
  /** Where this start keeps its state: the home, or the folder of an ephemeral start, which goes with it. */
  readonly folder: string;
  readonly databases: Databases;
  readonly natsUrl: string;
  readonly description: { readonly postgresql: string; readonly nats: string };
  /** Settles when a server of ours ended although nobody stopped it. */
  readonly lost: Promise<"postgresql" | "nats">;
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
  { env, flags }: InfrastructureOptions,
): Promise<Omit<StepSettings, "onWait">> {
  const parent = isEphemeral ? join(home, "ephemeral") : home;
  mkdirSync(parent, { recursive: true });
  const folder = isEphemeral ? await mkdtemp(join(parent, "run-")) : home;
  return { folder, env, isEphemeral, flags: flags ?? "durable" };
}

async function startBoth(settings: Omit<StepSettings, "onWait">, onStep?: OnStep): Promise<Infrastructure> {
  const [databases, messaging] = await Promise.allSettled([
    reportStep("postgresql", onStep, (onWait) => startDatabases({ ...settings, onWait })),
    reportStep("nats", onStep, (onWait) => startMessaging({ ...settings, onWait })),
  ]);
  const servers = [databases, messaging].flatMap((result) =>
    result.status === "fulfilled" && result.value.server ? [result.value.server] : [],
  );
  let isStopping = false;
  const stopAll = async (): Promise<void> => {
    isStopping = true;
    await Promise.all(servers.map((server) => server.stop()));
    if (settings.isEphemeral) rmSync(settings.folder, { recursive: true, force: true });
  };
  if (databases.status === "rejected" || messaging.status === "rejected") {
    await stopAll();
    throw databases.status === "rejected" ? databases.reason : (messaging as PromiseRejectedResult).reason;
  }
  const lost = new Promise<"postgresql" | "nats">((tell) => {
    databases.value.server?.exited.then(() => isStopping || tell("postgresql"));
    messaging.value.server?.exited.then(() => isStopping || tell("nats"));
  });
  return {
    folder: settings.folder,
    databases: databases.value.databases,
    natsUrl: messaging.value.natsUrl,
    description: { postgresql: databases.value.description, nats: messaging.value.description },
    lost,
    [Symbol.asyncDispose]: stopAll,
  };
}
