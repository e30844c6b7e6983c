import { once } from "node:events";
import { create, fromBinary, type Message, toBinary } from "@bufbuild/protobuf";
import { anyPack } from "@bufbuild/protobuf/wkt";
import { ConnectError, createHandlerContext, type HandlerContext } from "@connectrpc/connect";
import {
  type handleServerStreamingCall,
  type handleUnaryCall,
  Metadata,
  type MethodDefinition,
  Server,
  ServerCredentials,
  type ServerUnaryCall,
  type ServerWritableStream,
  type ServiceDefinition,
  type UntypedServiceImplementation,
} from "@grpc/grpc-js";
import { StatusSchema } from "@oi/proto/google/rpc/status";
import type { MountedService, StreamHandler, StreamMethod, UnaryHandler, UnaryMethod } from "./service.ts";

const MAX_MESSAGE_BYTES = 1024 * 1024;

/** Connect's error as gRPC's: same numbers, and the details in `grpc-status-details-bin`. */
function toServiceError(error: unknown): { code: number; details: string; metadata: Metadata } {
  const failure = ConnectError.from(error);
  const metadata = new Metadata();
  const details = failure.details.flatMap((detail) =>
    "desc" in detail ? [anyPack(detail.desc, create(detail.desc, detail.value))] : [],
  );
  const status = create(StatusSchema, { code: failure.code, message: failure.rawMessage, details });
  metadata.set("grpc-status-details-bin", Buffer.from(toBinary(StatusSchema, status)));
  return { code: failure.code, details: failure.rawMessage, metadata };
}

function requestHeader(metadata: Metadata): Headers {
  const headers = new Headers();
  for (const [name, value] of Object.entries(metadata.getMap())) {
    if (typeof value === "string") headers.set(name, value);
  }
  return headers;
}

function timeoutOf(deadline: Date | number): number | undefined {
  const at = typeof deadline === "number" ? deadline : deadline.getTime();
  return Number.isFinite(at) ? Math.max(1, at - Date.now()) : undefined;
}

type ServerCall = Pick<ServerUnaryCall<Message, Message>, "getDeadline" | "metadata"> & {
  on(event: "cancelled", listener: () => void): unknown;
};

/** What a handler learns of its call; its signal ends with the caller's time or patience. */
function contextOf(
  service: MountedService,
  method: UnaryMethod | StreamMethod,
  call: ServerCall,
): HandlerContext & { abort: (reason?: unknown) => void } {
  const timeoutMs = timeoutOf(call.getDeadline());
  const context = createHandlerContext({
    service: service.desc,
    method,
    protocolName: "grpc",
    requestMethod: "POST",
    url: `http://grpc/${service.desc.typeName}/${method.name}`,
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
    requestHeader: requestHeader(call.metadata),
  });
  call.on("cancelled", () => context.abort(new Error("the caller went away")));
  return context;
}

function grpcHandler(
  service: MountedService,
  method: UnaryMethod,
  handle: UnaryHandler,
): handleUnaryCall<Message, Message> {
  return (call, reply) => {
    const context = contextOf(service, method, call);
    handle(call.request, context)
      .then(
        (response) => reply(null, response),
        (error) => reply(toServiceError(error)),
      )
      .finally(() => context.abort());
  };
}

function grpcStreamHandler(
  service: MountedService,
  method: StreamMethod,
  handle: StreamHandler,
): handleServerStreamingCall<Message, Message> {
  return (call) => {
    const context = contextOf(service, method, call);
    sendAll(call, handle(call.request, context), context.signal)
      .then(
        () => call.end(),
        (error) => call.emit("error", toServiceError(error)),
      )
      .finally(() => context.abort());
  };
}

/** Writes no faster than the caller reads. */
async function sendAll(
  call: ServerWritableStream<Message, Message>,
  messages: AsyncIterable<Message>,
  signal: AbortSignal,
): Promise<void> {
  for await (const message of messages) {
    if (!call.write(message)) await once(call, "drain", { signal });
  }
}

export function methodDefinition(
  service: MountedService["desc"],
  method: UnaryMethod | StreamMethod,
): MethodDefinition<Message, Message> {
  return {
    path: `/${service.typeName}/${method.name}`,
    requestStream: false,
    responseStream: method.methodKind === "server_streaming",
    requestSerialize: (message) => Buffer.from(toBinary(method.input, message)),
    requestDeserialize: (bytes) => fromBinary(method.input, bytes),
    responseSerialize: (message) => Buffer.from(toBinary(method.output, message)),
    responseDeserialize: (bytes) => fromBinary(method.output, bytes),
  };
}

export type GrpcDoor = {
  readonly port: number;
  /** Finishes what is in flight, refuses what is new; forced after `limitMs`. */
  close(limitMs: number): Promise<void>;
};

/** Opens the gRPC door. Rejects when the port is taken. */
export async function openGrpcDoor(options: {
  readonly services: readonly MountedService[];
  readonly host: string;
  readonly port: number;
}): Promise<GrpcDoor> {
  const server = new Server({
    "grpc.max_receive_message_length": MAX_MESSAGE_BYTES,
    "grpc.max_concurrent_streams": 200,
    "grpc.max_connection_age_ms": 300_000,
    "grpc.max_connection_age_grace_ms": 30_000,
  });
  for (const service of options.services) {
    const definition: Record<string, MethodDefinition<Message, Message>> = {};
    const handlers: UntypedServiceImplementation = {};
    for (const [name, { method, handle }] of service.methods) {
      definition[name] = methodDefinition(service.desc, method);
      handlers[name] = grpcHandler(service, method, handle);
    }
    for (const [name, { method, handle }] of service.streams) {
      definition[name] = methodDefinition(service.desc, method);
      handlers[name] = grpcStreamHandler(service, method, handle);
    }
    server.addService(definition as ServiceDefinition, handlers);
  }
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync(`${options.host}:${options.port}`, ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    );
  });
  return {
    port,
    close: (limitMs) =>
      new Promise((resolve) => {
        const force = setTimeout(() => {
          server.forceShutdown();
          resolve();
        }, limitMs);
        server.tryShutdown(() => {
          clearTimeout(force);
          resolve();
        });
      }),
  };
}
