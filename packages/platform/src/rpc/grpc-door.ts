import { Server, ServerCredentials, type UntypedServiceImplementation } from "@grpc/grpc-js";
import type { Health } from "../service/health.ts";
import { createGate, type Gate, type GateOptions } from "./gate.ts";
import { healthService } from "./grpc-health.ts";
import { grpcHandler, grpcStreamHandler, servedDefinition } from "./grpc-method.ts";
import { reflectionServices } from "./reflection.ts";
import type { MountedService } from "./service.ts";
import type { SystemService } from "./system-service.ts";

const LIMITS = {
  "grpc.max_receive_message_length": 1024 * 1024,
  "grpc.max_metadata_size": 16 * 1024,
  "grpc.max_concurrent_streams": 200,
  "grpc.max_connection_age_ms": 300_000,
  "grpc.max_connection_age_grace_ms": 30_000,
  // No keepalive here: grpc-js cannot ping while it drains, and would end the calls it waits for. A caller that vanished
  // is forgotten when its connection has reached its age.
  // Megabytes that one connection may hold; without it grpc-js sets no limit at all.
  "grpc-node.max_session_memory": 32,
  // Its bookkeeping is what lets a forced shutdown find the open connections.
  "grpc.enable_channelz": 1,
} as const;

export type GrpcDoor = {
  readonly port: number;
  /** Finishes what is in flight, refuses what is new; forced after `limitMs`. */
  close(limitMs: number): Promise<void>;
};

function addService(server: Server, service: MountedService, gate: Gate): void {
  const definition: Record<string, ReturnType<typeof servedDefinition>> = {};
  const handlers: UntypedServiceImplementation = {};
  for (const [name, { method, handle }] of service.methods) {
    definition[name] = servedDefinition(method);
    handlers[name] = grpcHandler(service, method, handle, gate);
  }
  for (const [name, { method, handle }] of service.streams) {
    definition[name] = servedDefinition(method);
    handlers[name] = grpcStreamHandler(service, method, handle, gate);
  }
  server.addService(definition, handlers);
}

/** Reflection explains the health service too, and itself. */
function systemServices(options: GrpcDoorOptions): readonly SystemService[] {
  const mounted = options.services.map(({ desc }) => desc);
  const health = healthService(new Set(mounted.map(({ typeName }) => typeName)), options.health);
  if (!options.reflection) return [health];
  return [health, ...reflectionServices([...mounted, health.desc], options.gate.identify)];
}

export type GrpcDoorOptions = {
  readonly services: readonly MountedService[];
  readonly health: Health;
  readonly host: string;
  readonly port: number;
  readonly gate: GateOptions;
  readonly reflection: boolean;
};

/** Opens the gRPC door. Rejects when the port is taken. */
export async function openGrpcDoor(options: GrpcDoorOptions): Promise<GrpcDoor> {
  const server = new Server(LIMITS);
  const gate = createGate(options.gate);
  for (const service of options.services) addService(server, service, gate);
  const system = systemServices(options);
  for (const { definition, handlers } of system) server.addService(definition, handlers);
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
        for (const service of system) service.close();
        server.tryShutdown(() => {
          clearTimeout(force);
          resolve();
        });
      }),
  };
}
