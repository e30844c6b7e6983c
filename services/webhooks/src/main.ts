import { fileURLToPath } from "node:url";
import { migrate, roleOf } from "@oi/platform/postgres/migrate";
import { run } from "@oi/platform/service/run";
import { createLogger } from "@oi/platform/telemetry/logger";
import { createApp } from "./app.ts";
import { readConfig, readMigration } from "./config.ts";

if (process.argv[2] === "migrate") {
  const { ownerUrl, appUrl } = readMigration(process.env);
  const folder = fileURLToPath(new URL("../migrations", import.meta.url));
  const log = createLogger({ service: "webhooks", level: "info" });
  log.info(await migrate({ ownerUrl, appRole: roleOf(appUrl), folder }), "migrated");
} else {
  const config = readConfig(process.env);
  const log = createLogger({ service: "webhooks", level: config.runtime.logLevel });
  await using app = await createApp(config, { log });
  await run(app, { drainSeconds: config.rpc.drainSeconds, log });
}
