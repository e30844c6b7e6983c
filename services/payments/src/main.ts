import { fileURLToPath } from "node:url";
import { migrate, roleOf } from "@oi/platform/postgres/migrate";
import { run } from "@oi/platform/service/run";
import { createLogger } from "@oi/platform/telemetry/logger";
import { createApp } from "./app.ts";
import { readConfig } from "./config.ts";

const config = readConfig(process.env);
const log = createLogger({ service: "payments", level: config.runtime.logLevel });
if (process.argv[2] === "migrate") {
  const folder = fileURLToPath(new URL("../migrations", import.meta.url));
  log.info(
    await migrate({ ownerUrl: config.databaseOwnerUrl, appRole: roleOf(config.database.url), folder }),
    "migrated",
  );
} else {
  await using app = await createApp(config, { log });
  await run(app, { drainSeconds: config.rpc.drainSeconds, log });
}
