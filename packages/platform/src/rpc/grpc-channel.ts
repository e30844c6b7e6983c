import { Code, ConnectError } from "@connectrpc/connect";
import { connectivityState, credentials, Client as GrpcClient } from "@grpc/grpc-js";

/** A peer that does not even take the connection is given up long before the call's own time. */
const CONNECT_TIMEOUT_MS = 1_000;

const OPTIONS = {
  "grpc.service_config": JSON.stringify({ loadBalancingConfig: [{ round_robin: {} }] }),
  // What balances the load is decided here, not by a TXT record.
  "grpc.service_config_disable_resolution": 1,
  "grpc.dns_min_time_between_resolutions_ms": 5_000,
  // Longer than a drain: grpc-js cannot ping a peer that says goodbye, and drops the calls it still answers
  // (grpc/grpc-node#3068).
  "grpc.keepalive_time_ms": 40_000,
  "grpc.keepalive_timeout_ms": 3_000,
  "grpc.initial_reconnect_backoff_ms": 100,
  "grpc.max_reconnect_backoff_ms": 1_000,
  "grpc.enable_channelz": 0,
} as const;

export type GrpcChannel = Disposable & {
  readonly client: GrpcClient;
  /**
   * Resolves when a call can be made or fails at once; null when that is now. Rejects with UNAVAILABLE when nobody takes
   * the connection, with DEADLINE_EXCEEDED when the call's own time was shorter.
   */
  connected(limitMs: number): Promise<void> | null;
};

/** `address` is `host:port`, `dns:///host:port` or `ipv4:a:port,b:port`. */
export function openChannel(address: string): GrpcChannel {
  const client = new GrpcClient(address, credentials.createInsecure(), OPTIONS);
  const channel = client.getChannel();
  const isConnecting = (): boolean => {
    const state = channel.getConnectivityState(true);
    return state === connectivityState.IDLE || state === connectivityState.CONNECTING;
  };
  const change = (deadlineMs: number): Promise<void> =>
    new Promise((resolve, reject) => {
      channel.watchConnectivityState(channel.getConnectivityState(true), deadlineMs, (error) =>
        error ? reject(error) : resolve(),
      );
    });
  const wait = async (limitMs: number): Promise<void> => {
    const deadlineMs = Date.now() + Math.min(limitMs, CONNECT_TIMEOUT_MS);
    try {
      while (isConnecting()) await change(deadlineMs);
    } catch (cause) {
      const code = limitMs <= CONNECT_TIMEOUT_MS ? Code.DeadlineExceeded : Code.Unavailable;
      throw new ConnectError(`no connection to ${address}`, code, undefined, undefined, cause);
    }
  };
  return {
    client,
    connected: (limitMs) => (isConnecting() ? wait(limitMs) : null),
    [Symbol.dispose]: () => client.close(),
  };
}
