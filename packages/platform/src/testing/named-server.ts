import { setTimeout as sleep } from "node:timers/promises";
import { ApplicationsService } from "@oi/proto/payments/v1/applications_service";
import { startRpcServer } from "../rpc/server.ts";
import { mountService } from "../rpc/service.ts";
import { Health } from "../service/health.ts";
import { silentLogger } from "../telemetry/logger.ts";
import { stubService } from "./stub-service.ts";

/** A process of its own that answers with its name and its memory in bytes as id, after a moment; tests kill it. */
const [name = "", port = "0"] = process.argv.slice(2);

const answer = async () => {
  await sleep(Math.random() * 10);
  return { application: { name, id: BigInt(process.memoryUsage.rss()) } };
};

/** Longer than the pings of a careless client are apart. */
const answerSlowly = async () => {
  await sleep(12_000);
  return { application: { name } };
};

const impl = stubService(ApplicationsService, {
  getApplication: answer,
  registerApplication: answer,
  updateSettings: answerSlowly,
});
const server = await startRpcServer({
  services: [mountService(ApplicationsService, impl, silentLogger())],
  health: new Health([]),
  host: "127.0.0.1",
  rpcPort: Number(port),
  opsPort: 0,
  drainSeconds: 20,
});
process.stdout.write(`${server.grpcAddress}\n`);
process.once("SIGTERM", () => void server[Symbol.asyncDispose]());
