import { join } from "node:path";
import { connect } from "nats";
import { relativeToHere } from "./local-postgres.ts";
import { type Nats, startNats } from "./nats.ts";
import { choosePort, freePort } from "./ports.ts";
import { EXIT, StartFailure } from "./start-failure.ts";
import type { StepSettings } from "./steps.ts";
import { type Supervised, supervise } from "./supervise.ts";

export type LocalNats = {
  readonly natsUrl: string;
  readonly description: string;
  readonly server: Supervised<Nats> | null;
};

const NATS_PORT = 14_222;

/** `NATS_URL`, or a nats-server of our own on our own port and store. */
export async function startMessaging(settings: StepSettings): Promise<LocalNats> {
  const { env, folder, isEphemeral, onWait } = settings;
  const given = env.NATS_URL;
  if (given) return checkGiven(given);
  const port = isEphemeral
    ? freePort
    : () => choosePort({ variable: "OI_NATS_PORT", fallback: NATS_PORT, env });
  const own = join(folder, "nats");
  const server = await supervise({
    launch: (where) => startNats({ folder: own, port: where, env, isTemporary: isEphemeral, onWait }),
    port,
    onCrash: () => settings.onServer?.("nats", "ended"),
    onReturn: () => settings.onServer?.("nats", "returned"),
  });
  const { version, port: bound, url } = server.first;
  const description = `nats-server ${version} on 127.0.0.1:${bound} · data in ${relativeToHere(own)}`;
  return { natsUrl: url, description, server };
}

async function checkGiven(url: string): Promise<LocalNats> {
  let version: string | undefined;
  let hasJetStream = false;
  try {
    const connection = await connect({ servers: url, timeout: 5_000, reconnect: false });
    version = connection.info?.version;
    hasJetStream = connection.info?.jetstream === true;
    await connection.close();
  } catch (error) {
    throw unusable(
      url,
      (error as Error).message,
      "start that server, or unset NATS_URL to let one of our own start",
    );
  }
  if (!hasJetStream) throw unusable(url, "it has no JetStream", "start it with JetStream (nats-server -js)");
  return { natsUrl: url, description: `given, nats-server ${version ?? "?"} at ${url}`, server: null };
}

function unusable(url: string, why: string, fix: string): StartFailure {
  return new StartFailure({
    exitCode: EXIT.nats,
    what: "the server of NATS_URL cannot be used",
    why: `${url}: ${why}`,
    fix,
  });
}
