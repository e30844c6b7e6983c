import { once } from "node:events";
import { createApp } from "./app.ts";
import { readConfig } from "./config.ts";

const stopped = Promise.race([once(process, "SIGTERM"), once(process, "SIGINT")]);
await using app = await createApp(readConfig(process.env));
process.stdout.write(`gateway-sandbox is listening on ${app.url}\n`);
await stopped;
