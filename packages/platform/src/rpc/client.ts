import type { DescService } from "@bufbuild/protobuf";
import {
  create,
  type DescMessage,
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
  type Transport,
  type UnaryResponse,
} from "@connectrpc/connect";
import { credentials, Client as GrpcClient, Metadata, type ServiceError } from "@grpc/grpc-js";
import { StatusSchema } from "@oi/proto/google/rpc/status";
import { methodDefinition } from "./grpc-door.ts";
import { routeServices } from "./json-door.ts";
import type { MountedService, UnaryMethod } from "./service.ts";

export type { Transport } from "@connectrpc/connect";
export type RpcClient<S extends DescService> = Client<S>;

/** Calls whose caller gave no deadline get this one, so that nothing waits for ever. */
const DEFAULT_TIMEOUT_MS = 5_000;

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
      signal?.addEventListener("abort", () => call.cancel(), { once: true });
    });
  };
  return {
    unary: unary as Transport["unary"],
    stream: () => Promise.reject(new ConnectError("streams are not supported", Code.Unimplemented)),
    [Symbol.dispose]: () => client.close(),
  };
}

/** The same handlers without a network: for services that share a process, and for tests. */
export function inMemoryTransport(services: readonly MountedService[]): Transport {
  return createRouterTransport(routeServices(services));
}

export function rpcClient<S extends DescService>(desc: S, transport: Transport): RpcClient<S> {
  return createClient(desc, transport);
}
