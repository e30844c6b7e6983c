import { createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { portHolder } from "./port-holder.ts";
import { EXIT, StartFailure } from "./start-failure.ts";

/** Above lie the ports the kernel hands to outgoing connections: a fixed port there is sometimes taken by one. */
const PORT_LIMIT = 32_768;
const FREE_RANGE = { from: 20_000, to: 32_000 };
const STEPS_UP = 50;
const ENDING_SERVER_MS = 300;

export function isPortFree(port: number, host = "127.0.0.1"): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.unref();
    server.once("error", () => resolve(false));
    server.listen({ port, host, exclusive: true }, () => server.close(() => resolve(true)));
  });
}

/** A free port below 32768. Random, so that parallel callers seldom meet. */
export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < 200; attempt++) {
    const port = FREE_RANGE.from + Math.floor(Math.random() * (FREE_RANGE.to - FREE_RANGE.from));
    if (await isPortFree(port)) return port;
  }
  throw new Error("no free port found between 20000 and 32000");
}

export type PortWish = {
  /** The variable that names the port, for the message. */
  readonly variable: string;
  readonly fallback: number;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The address the server will listen on. */
  readonly host?: string;
};

/** The port that was asked for, or the default, moved up by one while it is taken. */
export async function choosePort({ variable, fallback, env, host }: PortWish): Promise<number> {
  const given = env[variable];
  if (given !== undefined && given !== "") return givenPort(variable, given, host);
  if (await becomesFree(fallback, host)) return fallback;
  for (let port = fallback + 1; port < fallback + STEPS_UP; port++) {
    if (await isPortFree(port, host)) return port;
  }
  throw await portTaken(variable, fallback);
}

async function givenPort(variable: string, text: string, host: string | undefined): Promise<number> {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port < 1 || port >= PORT_LIMIT) {
    throw new StartFailure({
      exitCode: EXIT.configuration,
      what: `${variable} is not a usable port`,
      why: `${variable}=${text}; a whole number from 1 to ${PORT_LIMIT - 1} is needed`,
      fix: `unset ${variable} for the default, or give another number`,
    });
  }
  if (await becomesFree(port, host)) return port;
  throw await portTaken(variable, port);
}

/** A server that is just ending closes its port last, a moment after everything else of it is gone. */
async function becomesFree(port: number, host: string | undefined): Promise<boolean> {
  const deadline = performance.now() + ENDING_SERVER_MS;
  while (!(await isPortFree(port, host))) {
    if (performance.now() > deadline) return false;
    await sleep(20);
  }
  return true;
}

async function portTaken(variable: string, port: number): Promise<StartFailure> {
  const holder = await portHolder(port);
  return new StartFailure({
    exitCode: EXIT.port,
    what: `port ${port} is taken`,
    why: holder ? `process ${holder.pid} (${holder.name}) listens on it` : "another process listens on it",
    fix: `stop that process, or choose another port: ${variable}=${port + 1} (unset: the next free port is taken)`,
  });
}
