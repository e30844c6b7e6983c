import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";

export type EventReader = Disposable & {
  readonly status: number;
  readonly headers: IncomingMessage["headers"];
  /** Everything that came so far. */
  text(): string;
  /** The ids and data of the events that came so far. */
  events(): readonly (readonly [id: string, data: unknown])[];
  /** Resolves when the stream is over, however it ended. */
  readonly ended: Promise<void>;
  /** Takes nothing any more. */
  pause(): void;
};

const EVENT = /id: (.+)\nevent: status\ndata: (.+)\n\n/g;

/** A reader of server-sent events, on a connection of its own. */
export async function readEvents(url: string, headers: Record<string, string> = {}): Promise<EventReader> {
  const outgoing = request(url, { headers, agent: false });
  outgoing.end();
  const [incoming] = (await once(outgoing, "response")) as [IncomingMessage];
  const chunks: Buffer[] = [];
  incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
  // To be cut off is one of the ways in which a stream ends.
  incoming.on("error", () => undefined);
  const ended = new Promise<void>((resolve) => incoming.once("close", () => resolve()));
  const text = (): string => Buffer.concat(chunks).toString("utf8");
  return {
    status: incoming.statusCode ?? 0,
    headers: incoming.headers,
    text,
    events: () => [...text().matchAll(EVENT)].map(([, id = "", data = ""]) => [id, JSON.parse(data)]),
    ended,
    pause: () => incoming.pause(),
    [Symbol.dispose]: () => outgoing.destroy(),
  };
}
