import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from "node:http";
import { type AddressInfo, createServer, type Server } from "node:net";
import type { Journal } from "@oi/testkit/journal";
import type { SinkEntry, TrapEntry } from "@oi/tools/invariants/journals/journals";
import { Webhook } from "standardwebhooks";
import type { Random } from "./random.ts";

export type Sink = AsyncDisposable & {
  readonly url: string;
  /** Known only after the sink: its secret is made for its address. */
  trust(secret: string): void;
  readonly figures: { copies: number; doubled: number };
};

const SLOW_MS = 300;
const header = ({ headers }: IncomingMessage, name: string): string => String(headers[name] ?? "");

/** Receives webhooks with the manners of a real one: mostly well, sometimes badly, now and then slowly, or elsewhere. */
export async function openSink(journal: Journal<SinkEntry>, random: Random, trap: string): Promise<Sink> {
  let secret: string | null = null;
  const figures = { copies: 0, doubled: 0 };
  const taken = new Set<string>();
  const receive = (request: IncomingMessage, body: string, response: ServerResponse): void => {
    figures.copies += 1;
    const status = random.chance(0.9) ? 200 : random.pick([500, 503, 404, 302]);
    const names = ["webhook-id", "webhook-timestamp", "webhook-signature"];
    const [id = "", timestamp = "", signature = ""] = names.map((name) => header(request, name));
    if (taken.has(id)) figures.doubled += 1;
    if (status === 200) taken.add(id);
    const isGenuine = secret !== null && isVerified(secret, request, body);
    journal.write({ at: Date.now(), url, id, timestamp, signature, body, isGenuine, status });
    const answer = () => response.writeHead(status, status === 302 ? { location: trap } : {}).end();
    if (random.chance(0.1)) setTimeout(answer, SLOW_MS);
    else answer();
  };
  const server = createHttpServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => receive(request, Buffer.concat(chunks).toString("utf8"), response));
  });
  const url = `http://127.0.0.1:${await listen(server, "127.0.0.1")}/hooks`;
  return {
    url,
    trust: (known) => {
      secret = known;
    },
    figures,
    [Symbol.asyncDispose]: async () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

function isVerified(secret: string, { headers }: IncomingMessage, body: string): boolean {
  try {
    return new Webhook(secret).verify(body, headers as Record<string, string>) !== null;
  } catch {
    return false;
  }
}

/** An address that no webhook may be sent to. It tells of every connection and of every byte. */
export async function openTrap(
  journal: Journal<TrapEntry>,
): Promise<AsyncDisposable & { readonly url: string }> {
  const server = createServer((socket) => {
    journal.write({ kind: "connection", where: url, at: Date.now() });
    socket.on("data", () => journal.write({ kind: "bytes", where: url, at: Date.now() }));
    socket.on("error", () => undefined);
  });
  const url = `http://127.0.0.2:${await listen(server, "127.0.0.2")}/`;
  journal.write({ kind: "listening", where: url, at: Date.now() });
  return { url, [Symbol.asyncDispose]: async () => void server.close() };
}

function listen(server: Server, host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, host, () => resolve((server.address() as AddressInfo).port));
  });
}
