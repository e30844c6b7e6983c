// Loaded before every tool that run.mjs starts. The tool lives in a session of its own, so nothing tells it when
// run.mjs was killed; without this it would run on unseen, with its servers.
import { isMainThread } from "node:worker_threads";

const CHECK_MS = 500;
const parent = process.ppid;

if (isMainThread && process.platform !== "win32") {
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    process.kill(-process.pid, "SIGTERM");
  }, CHECK_MS);
  timer.unref();
}
