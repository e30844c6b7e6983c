import { startInfrastructure } from "../local.ts";

/** A program of its own, so that a test can kill it without warning: prints one line of facts and waits. */
const infrastructure = await startInfrastructure({
  home: process.argv[2] ?? "",
  env: process.env,
});
process.on("SIGTERM", async () => {
  await infrastructure[Symbol.asyncDispose]();
  process.exit(0);
});
console.log(JSON.stringify({ databases: infrastructure.databases, natsUrl: infrastructure.natsUrl }));
