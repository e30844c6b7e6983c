import type { CallerConfig } from "../config/callers.ts";
import type { Health } from "../service/health.ts";
import { identifier } from "./caller.ts";
import { openGrpcDoor } from "./grpc-door.ts";
import { openJsonDoor } from "./json-door.ts";
import type { MountedService } from "./service.ts";

export type RpcServer = AsyncDisposable & {
  /** `127.0.0.1:9101` */
  readonly grpcAddress: string;
  /** `http://127.0.0.1:9201` */
  readonly jsonUrl: string;
  readonly services: readonly MountedService[];
};

export type RpcServerOptions = {
  readonly services: readonly MountedService[];
  readonly health: Health;
  readonly host: string;
  readonly rpcPort: number;
  readonly opsPort: number;
  readonly drainSeconds: number;
  /** Null or absent: the machine itself may call everything, and nobody else anything. */
  readonly callers?: readonly CallerConfig[] | null;
  /** Whether the gRPC door refuses calls without a deadline. */
  readonly deadlineRequired?: boolean;
  /** Whether the gRPC door explains its contracts; it does when this is absent. */
  readonly reflection?: boolean;
  /** Whether the services answer JSON beside the probes; they do when this is absent. */
  readonly json?: boolean;
};

/** Opens both doors on the same handlers. Disposing drains: not ready, then gRPC, then JSON. */
export async function startRpcServer(options: RpcServerOptions): Promise<RpcServer> {
  const { services, health, host, deadlineRequired = false, reflection = true } = options;
  const identify = identifier(options.callers ?? null);
  const gate = { identify, deadlineRequired };
  const grpc = await openGrpcDoor({ services, health, host, port: options.rpcPort, gate, reflection });
  const answering = options.json === false ? [] : services;
  const json = await openJsonDoor({
    services: answering,
    health,
    host,
    port: options.opsPort,
    identify,
  }).catch(async (error) => {
    await grpc.close(0);
    throw error;
  });
  return {
    services,
    grpcAddress: `${host}:${grpc.port}`,
    jsonUrl: `http://${host}:${json.port}`,
    [Symbol.asyncDispose]: async () => {
      health.drain();
      const limitMs = options.drainSeconds * 1_000;
      const begunMs = performance.now();
      await grpc.close(limitMs);
      await json.close(Math.max(0, limitMs - (performance.now() - begunMs)));
    },
  };
}
