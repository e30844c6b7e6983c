import type { DescMethodServerStreaming, DescMethodUnary } from "@bufbuild/protobuf";
import { create, type DescMessage, type DescService, type Message } from "@bufbuild/protobuf";
import { createValidator, type Violation } from "@bufbuild/protovalidate";
import type { ConnectError, HandlerContext, ServiceImpl } from "@connectrpc/connect";
import { DomainError } from "@oi/kernel/errors";
import type { Logger } from "../telemetry/logger.ts";
import { ERROR_MAP } from "./error-map.ts";
import { toConnectError } from "./errors.ts";

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

const validator = createValidator();

/** `customer_reference` → `customerReference`: callers of both doors know the JSON names. */
function publicName(violation: Violation): string {
  const names = violation.field.map((part) =>
    part.kind === "list_sub"
      ? `[${part.index}]`
      : "jsonName" in part
        ? part.jsonName
        : "name" in part
          ? part.name
          : "",
  );
  return names.join(".").replaceAll(".[", "[") || "request";
}

function validate(method: UnaryMethod | StreamMethod, request: Message): void {
  const result = validator.validate(method.input, request);
  if (result.kind === "valid") return;
  if (result.kind === "error") throw result.error;
  const fields = Object.fromEntries(result.violations.map((v) => [publicName(v), v.message]));
  const [name, rule] = Object.entries(fields)[0] ?? ["request", "is not valid"];
  throw new DomainError("VALIDATION_ERROR", `${name}: ${rule}`, { fields });
}

/** Gives up when the caller's time is up or the caller is gone, even when the handler does not listen. */
function untilAborted<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const giveUp = (): void => reject(signal.reason);
    signal.addEventListener("abort", giveUp, { once: true });
    if (signal.aborted) giveUp();
    work.then(resolve, reject).finally(() => signal.removeEventListener("abort", giveUp));
  });
}

/** Anything that is neither a refusal of ours nor the end of the caller's time is a bug: logged and never sent. */
function refusalOf(error: unknown, signal: AbortSignal): DomainError {
  if (error instanceof DomainError) return error;
  if (signal.aborted) {
    const message = "The time for this call ran out; the outcome is not known.";
    return new DomainError("DEADLINE_EXCEEDED", message, { cause: error });
  }
  return new DomainError("INTERNAL_ERROR", "Something went wrong on our side.", { cause: error });
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
      const line = { rpc: method, outcome, ms, requestId };
      if (cause === undefined) log.info(line, "rpc");
      else log.error({ ...line, err: cause }, "rpc failed");
    },
  };
}

type Handler = (request: Message, context: HandlerContext) => unknown;

function mountUnary(method: UnaryMethod, handler: Handler, log: Logger): UnaryHandler {
  return async (request, context) => {
    const call = startCall(method.name, context, log);
    try {
      validate(method, request);
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
      validate(method, request);
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
