import type { Server } from "node:http";
import type { Socket } from "node:net";

type Progress = { sentBytes: number; since: number };

/**
 * Ends connections whose peer takes nothing of its answer for `limitMs`. A socket's own timeout would not do: it starts
 * again with every byte that the peer sends, and who reads nothing can still send.
 */
export function endStalledAnswers(server: Server, limitMs: number, checkMs: number): void {
  const sockets = new Map<Socket, Progress>();
  server.on("connection", (socket: Socket) => {
    sockets.set(socket, { sentBytes: 0, since: performance.now() });
    socket.once("close", () => sockets.delete(socket));
  });
  const timer = setInterval(() => {
    const now = performance.now();
    for (const [socket, progress] of sockets) {
      // What the system has taken over; what lies before that is on its way or read.
      const sentBytes = socket.bytesWritten - socket.writableLength;
      if (socket.writableLength === 0 || sentBytes !== progress.sentBytes) {
        sockets.set(socket, { sentBytes, since: now });
      } else if (now - progress.since >= limitMs) socket.destroy();
    }
  }, checkMs);
  server.once("close", () => clearInterval(timer));
  timer.unref();
}
