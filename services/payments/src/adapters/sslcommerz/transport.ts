import { Agent, type Dispatcher } from "undici";
import { errorCode, renderPath } from "./redaction.ts";

type HttpRequest = {
  readonly method: "GET" | "POST";
  readonly path: string;
  readonly params: URLSearchParams;
  /** A refund never rides on an idle connection, which the other side may be closing at that very moment. */
  readonly freshConnection: boolean;
};

/** `sent: false` only when the request had not been handed to a connected socket. `code` is for logs. */
type HttpFailure = {
  readonly failed: "timeout" | "connection" | "too_large";
  readonly sent: boolean;
  readonly code: string;
};

export type HttpReply = {
  readonly failed: null;
  readonly status: number;
  readonly retryAfter: string | null;
  readonly body: string;
};

export type Transport = AsyncDisposable & {
  send(request: HttpRequest, signal: AbortSignal): Promise<HttpReply | HttpFailure>;
};

const MAX_BODY_BYTES = 512 * 1024;
const CONNECT_TIMEOUT_MS = 3_000;
/** Far below what servers keep idle connections for, whatever their hints say: a lost session costs a customer. */
const IDLE_MS = 1_000;

/** HTTP/1.1 only: one request per connection at a time keeps "was anything sent" answerable. */
function createAgent(): Agent {
  return new Agent({
    allowH2: false,
    connect: { timeout: CONNECT_TIMEOUT_MS },
    headersTimeout: 0,
    bodyTimeout: 0,
    keepAliveTimeout: IDLE_MS,
    keepAliveMaxTimeout: IDLE_MS,
  });
}

function dispatchOptions(baseUrl: URL, { method, path, params, freshConnection }: HttpRequest) {
  const fullPath = baseUrl.pathname.replace(/\/$/, "") + path;
  const isPost = method === "POST";
  return {
    origin: baseUrl.origin,
    method,
    path: isPost ? fullPath : renderPath(fullPath, params),
    body: isPost ? params.toString() : null,
    reset: freshConnection,
    headers: {
      accept: "application/json",
      "accept-encoding": "identity",
      ...(isPost ? { "content-type": "application/x-www-form-urlencoded" } : {}),
    },
  } satisfies Dispatcher.DispatchOptions;
}

/**
 * One HTTP exchange under one signal, body included: a slow drip beats any timeout per read. Redirects are not
 * followed. The bytes are counted while they are read, so a huge answer costs no memory. The exchange is settled as
 * soon as its outcome is certain, and `sent` turns true when undici hands the request to a connected socket.
 */
function exchange(
  agent: Agent,
  options: Dispatcher.DispatchOptions,
  signal: AbortSignal,
): Promise<HttpReply | HttpFailure> {
  const { promise, resolve } = Promise.withResolvers<HttpReply | HttpFailure>();
  let controller: Dispatcher.DispatchController | null = null;
  let over = false;
  let head = { status: 0, retryAfter: null as string | null };
  let bytes = 0;
  const chunks: Buffer[] = [];
  const settle = (result: HttpReply | HttpFailure): void => {
    if (over) return;
    over = true;
    signal.removeEventListener("abort", onAbort);
    resolve(result);
  };
  const fail = (failed: HttpFailure["failed"], code: string): void => {
    settle({ failed, sent: controller !== null, code });
    controller?.abort(new Error(code));
  };
  const onAbort = (): void => fail("timeout", "ABORTED");
  const handler: Dispatcher.DispatchHandler = {
    onRequestStart(started) {
      if (over) return started.abort(new Error("ABORTED"));
      controller = started;
    },
    onResponseStart(_, status, headers) {
      const retryAfter = headers["retry-after"];
      head = { status, retryAfter: typeof retryAfter === "string" ? retryAfter : null };
      if (status < 300) return;
      settle({ failed: null, ...head, body: "" });
      controller?.abort(new Error("STATUS"));
    },
    onResponseData(_, chunk) {
      bytes += chunk.length;
      if (bytes > MAX_BODY_BYTES) fail("too_large", "TOO_LARGE");
      else chunks.push(chunk);
    },
    onResponseEnd: () => settle({ failed: null, ...head, body: Buffer.concat(chunks).toString("utf8") }),
    onResponseError: (_, error) => fail("connection", errorCode(error)),
  };
  signal.addEventListener("abort", onAbort);
  try {
    if (signal.aborted) onAbort();
    else agent.dispatch(options, handler);
  } catch (error) {
    fail("connection", errorCode(error));
  }
  return promise;
}

/** Connections to one account's host, closed with the owner. */
export function createTransport(baseUrl: string): Transport {
  const base = new URL(baseUrl);
  const [kept, fresh] = [createAgent(), createAgent()];
  return {
    send: (request, signal) =>
      exchange(request.freshConnection ? fresh : kept, dispatchOptions(base, request), signal),
    async [Symbol.asyncDispose]() {
      await Promise.all([kept.destroy(), fresh.destroy()]);
    },
  };
}
