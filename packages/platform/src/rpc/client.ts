import type { DescService } from "@bufbuild/protobuf";
import {
  create,
  type DescMessage,
  type DescMethodStreaming,
  type DescMethodUnary,
  fromBinary,
  type Message,
  type MessageInitShape,
  type MessageShape,
} from "@bufbuild/protobuf";
import {
  type Client,
  Code,
  ConnectError,
  createClient,
  createRouterTransport,
  type StreamResponse,
  type Transport,
  type UnaryResponse,
} from "@connectrpc/connect";
import { credentials, Client as GrpcClient, Metadata, type ServiceError } from "@grpc/grpc-js";
import { StatusSchema } from "@oi/proto/google/rpc/status";
import { methodDefinition } from "./grpc-door.ts";
import { routeServices } from "./json-door.ts";
import type { MountedService, StreamMethod, UnaryMethod } from "./service.ts";

export type { Transport } from "@connectrpc/connect";
export type RpcClient<S extends DescService> = Client<S>;

/** Calls whose caller gave no deadline get this one, so that nothing waits for ever. */
const DEFAULT_TIMEOUT_MS = 5_000;
const DEFAULT_STREAM_TIMEOUT_MS = 300_000;

function toMetadata(header: HeadersInit | undefined): Metadata {
  const metadata = new Metadata();
  new Headers(header).forEach((value, name) => {
    metadata.set(name, value);
  });
  return metadata;
}

type HeadersInit = ConstructorParameters<typeof Headers>[0];

/** gRPC's error as Connect's, with the details that came in `grpc-status-details-bin`. */
function fromServiceError(error: ServiceError): ConnectError {
  const failure = new ConnectError(error.details, error.code as number, undefined, undefined, error);
  const [bytes] = error.metadata?.get("grpc-status-details-bin") ?? [];
  if (Buffer.isBuffer(bytes)) {
    failure.details = fromBinary(StatusSchema, bytes).details.map(({ typeUrl, value }) => ({
      type: typeUrl.slice(typeUrl.lastIndexOf("/") + 1),
      value,
    }));
  }
  return failure;
}

export type GrpcTransport = Transport & Disposable;

/**
 * A Connect transport over one grpc-js channel: round robin over every address of a name, keepalive, reconnects.
 * `address` is `host:port` or `dns:///host:port`.
 */
export function grpcTransport(address: string): GrpcTransport {
  const client = new GrpcClient(address, credentials.createInsecure(), {
    "grpc.service_config": JSON.stringify({ loadBalancingConfig: [{ round_robin: {} }] }),
    "grpc.keepalive_time_ms": 10_000,
    "grpc.keepalive_timeout_ms": 3_000,
    "grpc.initial_reconnect_backoff_ms": 100,
    "grpc.max_reconnect_backoff_ms": 1_000,
  });
  const unary = <I extends DescMessage, O extends DescMessage>(
    method: DescMethodUnary<I, O>,
    signal: AbortSignal | undefined,
    timeoutMs: number | undefined,
    header: HeadersInit | undefined,
    input: MessageInitShape<I>,
  ): Promise<UnaryResponse<I, O>> => {
    const { path, requestSerialize, responseDeserialize } = methodDefinition(
      method.parent,
      method as unknown as UnaryMethod,
    );
    return new Promise((resolve, reject) => {
      const call = client.makeUnaryRequest(
        path,
        requestSerialize,
        responseDeserialize,
        create(method.input, input) as Message,
        toMetadata(header),
        { deadline: Date.now() + (timeoutMs ?? DEFAULT_TIMEOUT_MS) },
        (error, message) => {
          signal?.removeEventListener("abort", cancel);
          if (error) reject(fromServiceError(error));
          else
            resolve({
              stream: false,
              service: method.parent,
              method,
              header: new Headers(),
              trailer: new Headers(),
              message: message as MessageShape<O>,
            });
        },
      );
      const cancel = (): void => call.cancel();
      signal?.addEventListener("abort", cancel, { once: true });
      if (signal?.aborted) cancel();
    });
  };
  return {
    unary: unary as Transport["unary"],
    stream: streamOver(client) as Transport["stream"],
    [Symbol.dispose]: () => client.close(),
  };
}

/** One request, many answers; the messages come no faster than they are taken. */
function streamOver(client: GrpcClient) {
  return async <I extends DescMessage, O extends DescMessage>(
    method: DescMethodStreaming<I, O>,
    signal: AbortSignal | undefined,
    timeoutMs: number | undefined,
    header: HeadersInit | undefined,
    input: AsyncIterable<MessageInitShape<I>>,
  ): Promise<StreamResponse<I, O>> => {
    if (method.methodKind !== "server_streaming")
      throw new ConnectError("only the answer may be a stream", Code.Unimplemented);
    const definition = methodDefinition(method.parent, method as unknown as StreamMethod);
    const request = await firstOf(input);
    const call = client.makeServerStreamRequest(
      definition.path,
      definition.requestSerialize,
      definition.responseDeserialize,
      create(method.input, request) as Message,
      toMetadata(header),
      { deadline: Date.now() + (timeoutMs ?? DEFAULT_STREAM_TIMEOUT_MS) },
    );
    signal?.addEventListener("abort", () => call.cancel(), { once: true });
    return {
      stream: true,
      service: method.parent,
      method,
      header: new Headers(),
      trailer: new Headers(),
      message: translated(call as AsyncIterable<MessageShape<O>>),
    };
  };
}

async function firstOf<T>(items: AsyncIterable<T>): Promise<T> {
  for await (const item of items) return item;
  throw new ConnectError("the request is missing", Code.InvalidArgument);
}

async function* translated<T>(messages: AsyncIterable<T>): AsyncIterable<T> {
  try {
    yield* messages;
  } catch (error) {
    throw fromServiceError(error as ServiceError);
  }
}

/** The same handlers without a network: for services that share a process, and for tests. */
export function inMemoryTransport(services: readonly MountedService[]): Transport {
  return createRouterTransport(routeServices(services));
}

export function rpcClient<S extends DescService>(desc: S, transport: Transport): RpcClient<S> {
  return createClient(desc, transport);
}
