import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { answerText, type Handle, type Incoming, type Outgoing } from "./exchange.ts";

/** Far above any session request, far below what could hurt. */
const MAX_BODY_BYTES = 256 * 1024;

async function readBody(request: IncomingMessage): Promise<string | null> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_BODY_BYTES) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

async function exchange(request: IncomingMessage, handle: Handle): Promise<Outgoing | null> {
  const body = await readBody(request);
  if (body === null) return answerText(413, "The body is too large.");
  const url = URL.parse(request.url ?? "/", "http://sandbox");
  if (url === null) return answerText(400, "The address cannot be read.");
  const { method = "GET", headers } = request;
  const incoming: Incoming = { method, path: url.pathname, query: url.searchParams, headers, body };
  return handle(incoming);
}

/** Slow on purpose; it ends with the connection. */
function drip(response: ServerResponse, body: Buffer, everyMs: number, onSent?: () => void): void {
  let at = 0;
  const timer = setInterval(() => {
    response.write(body.subarray(at, at + 1));
    at += 1;
    if (at < body.length) return;
    clearInterval(timer);
    response.end(onSent);
  }, everyMs);
  response.once("close", () => clearInterval(timer));
}

function send(response: ServerResponse, { status, headers, body, dripMs, onSent }: Outgoing): void {
  response.writeHead(status, {
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
    "content-length": Buffer.byteLength(body),
    ...headers,
  });
  if (dripMs === undefined) response.end(body, onSent);
  else drip(response, Buffer.from(body), dripMs, onSent);
}

export function createHttpServer(handle: Handle): Server {
  return createServer((request, response) => {
    exchange(request, handle).then(
      (outgoing) => {
        if (outgoing === null) request.socket.destroy();
        else send(response, outgoing);
      },
      (error: unknown) => {
        // A client that went away while sending is no defect, and there is nobody left to answer.
        if (request.socket.destroyed) return;
        process.stderr.write(`gateway-sandbox: ${error instanceof Error ? error.stack : String(error)}\n`);
        send(response, answerText(500, "The simulator failed; see its error output."));
      },
    );
  });
}

/** Listens and tells the port, which the system chooses when it is 0. */
export function listen(server: Server, port: number, host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, () => {
      server.off("error", reject);
      const address = server.address();
      resolve(typeof address === "object" && address !== null ? address.port : port);
    });
  });
}

/** Idle and busy connections alike are closed: an answer that still hangs was meant to hang. */
export function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
