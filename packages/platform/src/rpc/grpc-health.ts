import { create } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import type { handleServerStreamingCall, handleUnaryCall } from "@grpc/grpc-js";
import {
  type HealthCheckRequest,
  type HealthCheckResponse,
  HealthCheckResponseSchema,
  Health as HealthService,
  HealthCheckResponse_ServingStatus as Serving,
} from "@oi/proto/grpc/health/v1/health";
import type { Health } from "../service/health.ts";
import { methodDefinition, toServiceError } from "./grpc-method.ts";
import { openCalls, type SystemService } from "./system-service.ts";

const WATCH_MS = 1_000;

type Watcher = Parameters<handleServerStreamingCall<HealthCheckRequest, HealthCheckResponse>>[0];

const answer = (status: Serving): HealthCheckResponse => create(HealthCheckResponseSchema, { status });

/** Tells its watchers what changed, and looks only while somebody watches. */
function watchers(current: () => Promise<Serving>) {
  const told = new Map<Watcher, Serving>();
  let timer: NodeJS.Timeout | undefined;
  const tell = (watcher: Watcher, status: Serving): void => {
    if (told.get(watcher) === status) return;
    told.set(watcher, status);
    watcher.write(answer(status));
  };
  const look = async (): Promise<void> => {
    const status = await current();
    for (const watcher of told.keys()) tell(watcher, status);
  };
  const calls = openCalls(() => {
    clearInterval(timer);
    timer = undefined;
  });
  return {
    add: async (watcher: Watcher): Promise<void> => {
      const end = (): void => {
        tell(watcher, Serving.NOT_SERVING);
        told.delete(watcher);
        watcher.end();
      };
      calls.add(watcher, end);
      watcher.once("close", () => told.delete(watcher));
      watcher.once("cancelled", () => told.delete(watcher));
      told.set(watcher, Serving.UNKNOWN);
      const status = await current();
      if (!told.has(watcher)) return;
      tell(watcher, status);
      timer ??= setInterval(() => void look(), WATCH_MS);
    },
    addUnknown: (watcher: Watcher): void => {
      calls.add(watcher, () => watcher.end());
      watcher.write(answer(Serving.SERVICE_UNKNOWN));
    },
    close: calls.close,
  };
}

/**
 * `grpc.health.v1`, open to everybody as probes are: the server as a whole under the empty name, and every service of
 * `names`. All of them are as ready as the process is: it serves them with the same dependencies.
 */
export function healthService(names: ReadonlySet<string>, health: Health): SystemService {
  const current = async (): Promise<Serving> =>
    (await health.readiness()).ready ? Serving.SERVING : Serving.NOT_SERVING;
  const isKnown = (service: string): boolean => service === "" || names.has(service);
  const watching = watchers(current);
  const check: handleUnaryCall<HealthCheckRequest, HealthCheckResponse> = ({ request }, reply) => {
    if (!isKnown(request.service)) {
      reply(toServiceError(new ConnectError(`${request.service} is not served here`, Code.NotFound)));
      return;
    }
    current().then(
      (status) => reply(null, answer(status)),
      (error) => reply(toServiceError(error)),
    );
  };
  const watch: handleServerStreamingCall<HealthCheckRequest, HealthCheckResponse> = (call) => {
    if (isKnown(call.request.service)) watching.add(call).catch((error) => call.emit("error", error));
    else watching.addUnknown(call);
  };
  const { method } = HealthService;
  return {
    desc: HealthService,
    definition: { check: methodDefinition(method.check), watch: methodDefinition(method.watch) },
    handlers: { check, watch },
    close: watching.close,
  };
}
