import type { DescMethodServerStreaming, DescMethodUnary } from "@bufbuild/protobuf";
import { create, type DescMessage, type DescService, type Message } from "@bufbuild/protobuf";
import type { ConnectError, HandlerContext, ServiceImpl } from "@connectrpc/connect";
import type { Logger } from "../telemetry/logger.ts";
import { callerOf, LOCAL_CALLER } from "./caller.ts";
import { ERROR_MAP } from "./error-map.ts";
import { toConnectError } from "./errors.ts";
import { admit } from "./gate.ts";
import { refusalOf } from "./refusal.ts";
import { validateMessage } from "./validate.ts";

export type UnaryMethod = DescMethodUnary<DescMessage, DescMessage>;
export type UnaryHandler = (request: Message, context: HandlerContext) => Promise<Message>;

export type StreamMethod = DescMethodServerStreaming<DescMessage, DescMessage>;
export type StreamHandler = (request: Message, context: HandlerContext) => AsyncIterable<Message>;

/** A service whose handlers validate, log and translate errors; both doors and the in-memory transport mount it. */
export type MountedService = {
  readonly desc: DescService;
  readonly methods: ReadonlyMap<string, { readonly method: UnaryMethod; readonly handle: UnaryHandler }>;
  /** Methods that answer one request with many messages. */
  readonly streams: ReadonlyMap<string, { readonly method: StreamMethod; readonly handle: StreamHandler }>;
};

/** Gives up when the caller's time is up or the caller is gone, even when the handler does not listen. */
function untilAborted<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const giveUp = (): void => reject(signal.reason);
    signal.addEventListener("abort", giveUp, { once: true });
    if (signal.aborted) giveUp();
    work.then(resolve, reject).finally(() => signal.removeEventListener("abort", giveUp));
  });
}

/** One call as the log tells of it. */
type Call = { fail(error: unknown): ConnectError; end(): void };

function startCall(method: string, context: HandlerContext, log: Logger): Call {
  const startedMs = performance.now();
  let outcome = "OK";
  let cause: unknown;
  return {
    fail: (error) => {
      const refusal = refusalOf(error, context.signal);
      outcome = refusal.reason;
      if (ERROR_MAP[refusal.reason].http >= 500) cause = refusal.cause ?? refusal;
      return toConnectError(refusal);
    },
    end: () => {
      const requestId = context.requestHeader.get("x-request-id") ?? undefined;
      const ms = Math.round((performance.now() - startedMs) * 10) / 10;
      const line = { rpc: method, outcome, ms, requestId, ...whoCalled(context) };
      if (cause === undefined) log.info(line, "rpc");
      else log.error({ ...line, err: cause }, "rpc failed");
    },
  };
}

/** Within one machine there is one caller, and every line would say the same. */
function whoCalled(context: HandlerContext): { caller?: string; actor?: string } {
  const { name, actor } = callerOf(context);
  return { ...(name === LOCAL_CALLER ? {} : { caller: name }), ...(actor === null ? {} : { actor }) };
}

type Handler = (request: Message, context: HandlerContext) => unknown;

function mountUnary(method: UnaryMethod, handler: Handler, log: Logger): UnaryHandler {
  return async (request, context) => {
    const call = startCall(method.name, context, log);
    try {
      admit(context, log);
      validateMessage(method.input, request);
      const work = Promise.try(handler, request, context);
      return create(method.output, (await untilAborted(context.signal, work)) as Message);
    } catch (error) {
      throw call.fail(error);
    } finally {
      call.end();
    }
  };
}

function mountStream(method: StreamMethod, handler: Handler, log: Logger): StreamHandler {
  return async function* (request, context) {
    const call = startCall(method.name, context, log);
    try {
      admit(context, log);
      validateMessage(method.input, request);
      for await (const message of handler(request, context) as AsyncIterable<Message>) {
        context.signal.throwIfAborted();
        yield create(method.output, message);
      }
    } catch (error) {
      throw call.fail(error);
    } finally {
      call.end();
    }
  };
}

/**
 * Joins a service's descriptor with its handlers, written once as a Connect implementation. One request each: the
 * answer is one message, or a stream of them.
 */
export function mountService<S extends DescService>(
  desc: S,
  impl: ServiceImpl<S>,
  log: Logger,
): MountedService {
  const handlers = impl as Record<string, Handler>;
  const methods = new Map<string, { method: UnaryMethod; handle: UnaryHandler }>();
  const streams = new Map<string, { method: StreamMethod; handle: StreamHandler }>();
  for (const method of desc.methods) {
    const handler = handlers[method.localName];
    if (handler && method.methodKind === "unary") {
      const unary = method as UnaryMethod;
      methods.set(method.name, { method: unary, handle: mountUnary(unary, handler, log) });
    } else if (handler && method.methodKind === "server_streaming") {
      const stream = method as StreamMethod;
      streams.set(method.name, { method: stream, handle: mountStream(stream, handler, log) });
    } else throw new Error(`${desc.typeName}.${method.name} cannot be mounted`);
  }
  return { desc, methods, streams };
}
