import { runProgram } from "./start/program.ts";
import { startProcesses } from "./start/separate-processes.ts";

/** `npm run services`: every service a process of its own, as in production, under one supervisor. */
await runProgram({ name: "services", command: "npm run services", boot: startProcesses });
