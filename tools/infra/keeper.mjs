// Runs one server and stops it when standard input closes. The system closes it for a parent that was killed, so a
// server never outlives whoever needed it. Plain JavaScript, because it should cost as little as possible to start.
import { spawn } from "node:child_process";
import { existsSync, openSync, renameSync, rmdirSync, rmSync } from "node:fs";
import { constants } from "node:os";
import { dirname } from "node:path";

const SIGNALLED = 128;

/** @type {import("./kept-process.ts").KeptSpec} */
const spec = JSON.parse(process.argv[2] ?? "null");

// One log per start, and the one before it: the cause of a crash is still there after the restart.
if (existsSync(spec.logFile)) renameSync(spec.logFile, `${spec.logFile}.previous`);
const log = openSync(spec.logFile, "a", 0o600);
const server = spawn(spec.command, spec.args, {
  cwd: spec.cwd,
  stdio: ["ignore", log, log],
  ...(spec.uid === undefined ? {} : { uid: spec.uid }),
  ...(spec.gid === undefined ? {} : { gid: spec.gid }),
});

let isStopping = false;
let keepsFolder = false;

function stop() {
  if (isStopping) return;
  isStopping = true;
  let delayMs = 0;
  for (const { signal, graceMs } of spec.stopSignals) {
    setTimeout(() => server.kill(signal), delayMs);
    delayMs += graceMs;
  }
  setTimeout(() => server.kill("SIGKILL"), delayMs);
}

function removeFolder() {
  if (spec.removeAfter === undefined || keepsFolder || !isStopping) return;
  rmSync(spec.removeAfter, { recursive: true, force: true, maxRetries: 5 });
  try {
    // The folder around it goes with its last inhabitant; another server may still live there.
    if (spec.removesEmptyParent) rmdirSync(dirname(spec.removeAfter));
  } catch {}
}

server.once("error", (error) => {
  process.stdout.write(`${JSON.stringify({ error: error.message })}\n`, () => process.exit(1));
});
server.once("spawn", () => process.stdout.write(`${JSON.stringify({ pid: server.pid })}\n`));
server.once("exit", (code, signal) => {
  removeFolder();
  // As a shell tells it: 128 and the number of the signal that ended it.
  process.exit(code ?? SIGNALLED + (constants.signals[signal] ?? 0));
});

// The parent may be gone before it reads the line about the process id.
process.stdout.on("error", () => {});
process.stdin.on("data", (chunk) => {
  if (String(chunk).includes("keep")) keepsFolder = true;
});
for (const event of ["end", "close", "error"]) process.stdin.on(event, stop);
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, stop);
