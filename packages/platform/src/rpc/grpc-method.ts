import { once } from "node:events";
import { type DescMessage, type DescMethod, fromBinary, type Message, toBinary } from "@bufbuild/protobuf";
import { ConnectError, createHandlerContext, type HandlerContext } from "@connectrpc/connect";
import {
  type handleServerStreamingCall,
  type handleUnaryCall,
  Metadata,
  type MethodDefinition,
  type ServerUnaryCall,
  type ServerWritableStream,
} from "@grpc/grpc-js";
import { invalid } from "@oi/kernel/errors";
import { StatusSchema } from "@oi/proto/google/rpc/status";
import { toConnectError, toStatus } from "./errors.ts";
import { type Gate, MISSING_DEADLINE_MS } from "./gate.ts";
import type { MountedService, StreamHandler, StreamMethod, UnaryHandler, UnaryMethod } from "./service.ts";

/** An error as gRPC has it: same numbers as Connect's, and the details in `grpc-status-details-bin`. */
export function toServiceError(error: unknown): { code: number; details: string; metadata: Metadata } {
  const failure = ConnectError.from(error);
  const metadata = new Metadata();
  metadata.set("grpc-status-details-bin", Buffer.from(toBinary(StatusSchema, toStatus(failure))));
  return { code: failure.code, details: failure.rawMessage, metadata };
}

export function headersOf(metadata: Metadata): Headers {
  const headers = new Headers();
  for (const [name, value] of Object.entries(metadata.getMap())) {
    if (typeof value === "string") headers.set(name, value);
  }
  return headers;
}

export function methodDefinition(method: DescMethod): MethodDefinition<Message, Message> {
  const encode = (schema: DescMessage, message: Message): Buffer => Buffer.from(toBinary(schema, message));
  return {
    path: `/${method.parent.typeName}/${method.name}`,
    requestStream: method.methodKind === "client_streaming" || method.methodKind === "bidi_streaming",
    responseStream: method.methodKind === "server_streaming" || method.methodKind === "bidi_streaming",
    requestSerialize: (message) => encode(method.input, message),
    requestDeserialize: (bytes) => fromBinary(method.input, bytes),
    responseSerialize: (message) => encode(method.output, message),
    responseDeserialize: (bytes) => fromBinary(method.output, bytes),
  };
}

/** Stands for bytes that are no message: grpc-js alone would call that INTERNAL, and it is the caller's mistake. */
class Malformed {
  readonly error: ConnectError;
  constructor(typeName: string) {
    this.error = toConnectError(invalid({ request: `is not a ${typeName}` }));
  }
}

/** A method as the door serves it: what cannot be read is answered, not thrown. */
export function servedDefinition(
  method: UnaryMethod | StreamMethod,
): MethodDefinition<Message | Malformed, Message> {
  return {
    ...methodDefinition(method),
    requestSerialize: () => Buffer.alloc(0),
    requestDeserialize: (bytes) => {
      try {
        return fromBinary(method.input, bytes);
      } catch {
        return new Malformed(method.input.typeName);
      }
    },
  };
}

type ServerCall = Pick<ServerUnaryCall<unknown, Message>, "getDeadline" | "getPeer" | "metadata"> & {
  on(event: "cancelled", listener: () => void): unknown;
};

function remainingOf(call: ServerCall): number | undefined {
  const deadline = call.getDeadline();
  const at = typeof deadline === "number" ? deadline : deadline.getTime();
  return Number.isFinite(at) ? at - Date.now() : undefined;
}

/** What a handler learns of its call; its signal ends with the caller's time or patience. */
function contextOf(
  service: MountedService,
  method: UnaryMethod | StreamMethod,
  call: ServerCall,
  gate: Gate,
): HandlerContext & { abort: (reason?: unknown) => void } {
  const remainingMs = remainingOf(call);
  const context = createHandlerContext({
    service: service.desc,
    method,
    protocolName: "grpc",
    requestMethod: "POST",
    url: `http://grpc/${service.desc.typeName}/${method.name}`,
    timeoutMs: remainingMs ?? MISSING_DEADLINE_MS,
    requestHeader: headersOf(call.metadata),
    contextValues: gate({ peer: call.getPeer(), hasDeadline: remainingMs !== undefined }),
  });
  call.on("cancelled", () => context.abort(new Error("the caller went away")));
  return context;
}

export function grpcHandler(
  service: MountedService,
  method: UnaryMethod,
  handle: UnaryHandler,
  gate: Gate,
): handleUnaryCall<Message | Malformed, Message> {
  return (call, reply) => {
    const { request } = call;
    if (request instanceof Malformed) {
      reply(toServiceError(request.error));
      return;
    }
    const context = contextOf(service, method, call, gate);
    handle(request, context)
      .then(
        (response) => reply(null, response),
        (error) => reply(toServiceError(error)),
      )
      .finally(() => context.abort());
  };
}

export function grpcStreamHandler(
  service: MountedService,
  method: StreamMethod,
  handle: StreamHandler,
  gate: Gate,
): handleServerStreamingCall<Message | Malformed, Message> {
  return (call) => {
    const { request } = call;
    if (request instanceof Malformed) {
      call.emit("error", toServiceError(request.error));
      return;
    }
    const context = contextOf(service, method, call, gate);
    sendAll(call, handle(request, context), context.signal)
      .then(
        () => call.end(),
        (error) => call.emit("error", toServiceError(error)),
      )
      .finally(() => context.abort());
  };
}

/** Writes no faster than the caller reads. */
async function sendAll(
  call: ServerWritableStream<Message | Malformed, Message>,
  messages: AsyncIterable<Message>,
  signal: AbortSignal,
): Promise<void> {
  for await (const message of messages) {
    if (!call.write(message)) await once(call, "drain", { signal });
  }
}
