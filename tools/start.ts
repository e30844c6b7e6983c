import { createWriteStream } from "node:fs";
import { startConstellation } from "@oi/e2e/constellation";
import { createLogger } from "@oi/platform/telemetry/logger";
import { runProgram } from "./start/program.ts";

/** `npm start`: every service in this one process, on PostgreSQL and NATS of our own. */
await runProgram({
  name: "start",
  command: "npm start",
  boot: ({ surroundings, options, logFile }) => {
    const destination = createWriteStream(logFile, { flags: "a" });
    const level = surroundings.env.LOG_LEVEL || "info";
    return startConstellation({
      ...surroundings,
      transport: options.transport,
      log: (service) => createLogger({ service, level, destination }),
    });
  },
});
