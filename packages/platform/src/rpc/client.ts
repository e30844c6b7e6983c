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
import { type Client as GrpcClient, Metadata, type ServiceError } from "@grpc/grpc-js";
import { StatusSchema } from "@oi/proto/google/rpc/status";
import type { Secret } from "../config/env.ts";
import { incomingDetails } from "./errors.ts";
import { openChannel } from "./grpc-channel.ts";
import { methodDefinition } from "./grpc-method.ts";
import { routeServices } from "./json-door.ts";
import { isRepeatable, withRetries } from "./retry.ts";
import type { MountedService } from "./service.ts";

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
  if (Buffer.isBuffer(bytes)) failure.details = incomingDetails(fromBinary(StatusSchema, bytes));
  return failure;
}

export type GrpcTransport = Transport & Disposable;

export type GrpcTransportOptions = {
  /** Says who calls, where the peer wants to know. */
  readonly token?: Secret | undefined;
};

/**
 * A Connect transport over one grpc-js channel: round robin over every address of a name, keepalive, reconnects, and
 * further attempts of calls that can be repeated. `address` is `host:port`, `dns:///host:port` or
 * `ipv4:a:port,b:port`. A call whose caller names no deadline gets five seconds.
 */
export function grpcTransport(address: string, options: GrpcTransportOptions = {}): GrpcTransport {
  const channel = openChannel(address);
  const metadataOf = (header: HeadersInit | undefined): Metadata => {
    const metadata = toMetadata(header);
    if (options.token) metadata.set("authorization", `Bearer ${options.token.reveal()}`);
    return metadata;
  };
  const unary = async <I extends DescMessage, O extends DescMessage>(
    method: DescMethodUnary<I, O>,
    signal: AbortSignal | undefined,
    timeoutMs: number | undefined,
    header: HeadersInit | undefined,
    input: MessageInitShape<I>,
  ): Promise<UnaryResponse<I, O>> => {
    const message = create(method.input, input) as Message;
    const metadata = metadataOf(header);
    const attempt = async (leftMs: number): Promise<UnaryResponse<I, O>> => {
      const connecting = channel.connected(leftMs);
      const endMs = Date.now() + leftMs;
      if (connecting) await connecting;
      return callUnary(channel.client, method, { message, metadata, signal, deadline: endMs });
    };
    const limitMs = timeoutMs ?? DEFAULT_TIMEOUT_MS;
    if (!isRepeatable(method, message)) return attempt(limitMs);
    return withRetries(attempt, { timeoutMs: limitMs, signal });
  };
  return {
    unary: unary as Transport["unary"],
    stream: streamOver(channel.client, metadataOf) as Transport["stream"],
    [Symbol.dispose]: () => channel[Symbol.dispose](),
  };
}

type UnaryCall = {
  readonly message: Message;
  readonly metadata: Metadata;
  readonly signal: AbortSignal | undefined;
  /** Epoch milliseconds. */
  readonly deadline: number;
};

function callUnary<I extends DescMessage, O extends DescMessage>(
  client: GrpcClient,
  method: DescMethodUnary<I, O>,
  { message, metadata, signal, deadline }: UnaryCall,
): Promise<UnaryResponse<I, O>> {
  const { path, requestSerialize, responseDeserialize } = methodDefinition(method);
  return new Promise((resolve, reject) => {
    const call = client.makeUnaryRequest(
      path,
      requestSerialize,
      responseDeserialize,
      message,
      metadata,
      { deadline },
      (error, answer) => {
        signal?.removeEventListener("abort", cancel);
        if (error) reject(fromServiceError(error));
        else
          resolve({
            stream: false,
            service: method.parent,
            method,
            header: new Headers(),
            trailer: new Headers(),
            message: answer as MessageShape<O>,
          });
      },
    );
    const cancel = (): void => call.cancel();
    signal?.addEventListener("abort", cancel, { once: true });
    if (signal?.aborted) cancel();
  });
}

/** One request, many answers; the messages come no faster than they are taken. */
function streamOver(client: GrpcClient, metadataOf: (header: HeadersInit | undefined) => Metadata) {
  return async <I extends DescMessage, O extends DescMessage>(
    method: DescMethodStreaming<I, O>,
    signal: AbortSignal | undefined,
    timeoutMs: number | undefined,
    header: HeadersInit | undefined,
    input: AsyncIterable<MessageInitShape<I>>,
  ): Promise<StreamResponse<I, O>> => {
    if (method.methodKind !== "server_streaming")
      throw new ConnectError("only the answer may be a stream", Code.Unimplemented);
    const definition = methodDefinition(method);
    const request = await firstOf(input);
    const call = client.makeServerStreamRequest(
      definition.path,
      definition.requestSerialize,
      definition.responseDeserialize,
      create(method.input, request) as Message,
      metadataOf(header),
      { deadline: Date.now() + (timeoutMs ?? DEFAULT_STREAM_TIMEOUT_MS) },
    );
    signal?.addEventListener("abort", () => call.cancel(), { once: true });
    return {
      stream: true,
      service: method.parent,
      method,
      header: new Headers(),
      trailer: new Headers(),
      message: translated(call as AsyncIterable<MessageShape<O>>, () => call.cancel()),
    };
  };
}

async function firstOf<T>(items: AsyncIterable<T>): Promise<T> {
  for await (const item of items) return item;
  throw new ConnectError("the request is missing", Code.InvalidArgument);
}

/** A caller that stops reading ends the call as well. */
async function* translated<T>(messages: AsyncIterable<T>, cancel: () => void): AsyncIterable<T> {
  try {
    yield* messages;
  } catch (error) {
    throw fromServiceError(error as ServiceError);
  } finally {
    cancel();
  }
}

/** The same handlers without a network: for services that share a process, and for tests. */
export function inMemoryTransport(services: readonly MountedService[]): Transport {
  return createRouterTransport(routeServices(services));
}

export function rpcClient<S extends DescService>(desc: S, transport: Transport): RpcClient<S> {
  return createClient(desc, transport);
}
