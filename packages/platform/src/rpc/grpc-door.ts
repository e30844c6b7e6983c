import { create, fromBinary, type Message, toBinary } from "@bufbuild/protobuf";
import { anyPack } from "@bufbuild/protobuf/wkt";
import { ConnectError, createHandlerContext } from "@connectrpc/connect";
import {
  type handleUnaryCall,
  Metadata,
  type MethodDefinition,
  Server,
  ServerCredentials,
  type ServiceDefinition,
  type UntypedServiceImplementation,
} from "@grpc/grpc-js";
import { StatusSchema } from "@oi/proto/google/rpc/status";
import type { MountedService, UnaryHandler, UnaryMethod } from "./service.ts";

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

function grpcHandler(
  service: MountedService,
  method: UnaryMethod,
  handle: UnaryHandler,
): handleUnaryCall<Message, Message> {
  const url = `http://grpc/${service.desc.typeName}/${method.name}`;
  return (call, reply) => {
    const timeoutMs = timeoutOf(call.getDeadline());
    const context = createHandlerContext({
      service: service.desc,
      method,
      protocolName: "grpc",
      requestMethod: "POST",
      url,
      ...(timeoutMs === undefined ? {} : { timeoutMs }),
      requestHeader: requestHeader(call.metadata),
    });
    call.on("cancelled", () => context.abort(new Error("the caller went away")));
    handle(call.request, context)
      .then(
        (response) => reply(null, response),
        (error) => reply(toServiceError(error)),
      )
      .finally(() => context.abort());
  };
}

export function methodDefinition(
  service: MountedService["desc"],
  method: UnaryMethod,
): MethodDefinition<Message, Message> {
  return {
    path: `/${service.typeName}/${method.name}`,
    requestStream: false,
    responseStream: false,
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
