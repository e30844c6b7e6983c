import type { Health } from "../service/health.ts";
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

/** Opens both doors on the same handlers. Disposing drains: not ready, then gRPC, then JSON. */
export async function startRpcServer(options: {
  readonly services: readonly MountedService[];
  readonly health: Health;
  readonly host: string;
  readonly rpcPort: number;
  readonly opsPort: number;
  readonly drainSeconds: number;
}): Promise<RpcServer> {
  const { services, health, host } = options;
  const grpc = await openGrpcDoor({ services, host, port: options.rpcPort });
  const json = await openJsonDoor({ services, health, host, port: options.opsPort }).catch(async (error) => {
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
