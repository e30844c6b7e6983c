import { run } from "@oi/platform/service/run";
import { createLogger } from "@oi/platform/telemetry/logger";
import { createApp } from "./app.ts";
import { readConfig } from "./config.ts";

const config = readConfig(process.env);
const log = createLogger({ service: "edge", level: config.runtime.logLevel });
await using app = await createApp(config, { log });
await run(app, { drainSeconds: config.http.drainSeconds, log });
