import { PassThrough, type Readable } from "node:stream";

/** How a stream of events lives. */
export type StreamLimits = {
  /** Between comments, so that nobody on the way takes a quiet connection for a dead one. */
  readonly heartbeatMs: number;
  /** After which a stream ends, and the browser comes again by itself. */
  readonly lifetimeMs: number;
};

export type EventStream = {
  readonly readable: Readable;
  send(event: { readonly id: string; readonly name: string; readonly data: unknown }): void;
  /** Nothing can be sent afterwards. The browser comes again after this time, unless its page knows better. */
  end(comeAgainMs?: number): void;
  /** Called once, however the stream ends. */
  onClose(listener: () => void): void;
};

/** Before a browser that lost its connection tries another one. */
const RECONNECT_MS = 3_000;

/**
 * Server-sent events. A reader who takes nothing is not noticed by his silence: the little that is sent waits in
 * the system's buffers, and his connection goes with the stream's lifetime at the latest. Should the buffers fill up, the
 * limit on stalled answers ends it sooner; that limit never meets a reader who merely has nothing to read.
 */
export function eventStream({ heartbeatMs, lifetimeMs }: StreamLimits): EventStream {
  const stream = new PassThrough();
  const write = (text: string): void => {
    if (!stream.writableEnded && !stream.destroyed) stream.write(text);
  };
  const end: EventStream["end"] = (comeAgainMs) => {
    if (comeAgainMs !== undefined) write(`retry: ${comeAgainMs}\n\n`);
    stream.end();
  };
  const heartbeat = setInterval(() => write(":\n\n"), heartbeatMs);
  const lifetime = setTimeout(() => end(), lifetimeMs);
  stream.once("close", () => {
    clearInterval(heartbeat);
    clearTimeout(lifetime);
  });
  // The comment is for proxies and browsers that wait for a first byte of the body.
  write(`retry: ${RECONNECT_MS}\n:\n\n`);
  return {
    readable: stream,
    send: ({ id, name, data }) => write(`id: ${id}\nevent: ${name}\ndata: ${JSON.stringify(data)}\n\n`),
    end,
    onClose: (listener) => {
      stream.once("close", listener);
    },
  };
}
