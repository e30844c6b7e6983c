import { createConnection } from "node:net";

export type Greeting = {
  readonly serverName: string;
  readonly version: string;
  readonly hasJetStream: boolean;
};

const LIMIT_MS = 2_000;

/** The `INFO {…}` line that every nats-server sends first; null when there is none. */
export function readGreeting(host: string, port: number): Promise<Greeting | null> {
  return new Promise((resolve) => {
    const socket = createConnection({ host, port });
    let text = "";
    const finish = (greeting: Greeting | null): void => {
      socket.destroy();
      resolve(greeting);
    };
    socket.setTimeout(LIMIT_MS, () => finish(null));
    socket.once("error", () => finish(null));
    socket.once("close", () => finish(null));
    socket.on("data", (chunk) => {
      text += String(chunk);
      if (text.includes("\r\n")) finish(parseGreeting(text));
    });
  });
}

export function parseGreeting(text: string): Greeting | null {
  const json = /^INFO (\{.*\})\s*\r\n/.exec(text)?.[1];
  if (json === undefined) return null;
  const info = JSON.parse(json) as { server_name?: string; version?: string; jetstream?: boolean };
  return {
    serverName: info.server_name ?? "",
    version: info.version ?? "unknown",
    hasJetStream: info.jetstream === true,
  };
}
