import type { IncomingMessage, Server, ServerResponse } from "node:http";

/**
 * A socket closed with unread bytes resets the connection and takes the answer with it, so what is still sent after an
 * early answer is read on and thrown away: this much, for this long.
 */
export const DISCARD_LIMIT_BYTES = 1024 * 1024;
export const DISCARD_LIMIT_MS = 1_000;

const CHECK_MS = 20;

/** Ends connections that go on sending a body that was answered without being read. */
export function endUnreadBodies(server: Server): void {
  server.on("request", (request: IncomingMessage, response: ServerResponse) => {
    response.once("finish", () => {
      if (request.complete) return;
      const { socket } = request;
      const begun = { bytes: socket.bytesRead, at: performance.now() };
      // Node throws such a body away unseen, so only the socket knows how much came.
      const timer = setInterval(() => {
        const isLong = performance.now() - begun.at > DISCARD_LIMIT_MS;
        if (request.complete || socket.destroyed) clearInterval(timer);
        else if (isLong || socket.bytesRead - begun.bytes > DISCARD_LIMIT_BYTES) socket.destroy();
      }, CHECK_MS);
    });
  });
}
