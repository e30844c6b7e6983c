import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

const TICK_MS = 1_000;
const LINES_SHOWN = 15;

/**
 * Runs `npm ci` when node_modules is not what the lockfile asks for. Returns what went wrong, or null.
 *
 * @param {string} root
 * @returns {Promise<{ what: string, why: string, fix: string } | null>}
 */
export async function installDependencies(root) {
  if (isInstalled(root)) return null;
  const { code, signal, output } = await npmCi(root);
  if (signal === "SIGINT" || code === 130) process.exit(130);
  if (code === 0 && isInstalled(root)) return null;
  const tail = output.trim().split("\n").slice(-LINES_SHOWN).join("\n        ");
  return {
    what: "the dependencies could not be installed",
    why: `npm ci ended with ${code ?? signal}:\n        ${tail}`,
    fix: "npm ci (in the root of the repository; after a change of package.json: npm install)",
  };
}

/**
 * npm writes node_modules/.package-lock.json last, so it tells exactly what a finished installation holds. Optional
 * packages of other platforms are in the lockfile only.
 */
function isInstalled(root) {
  const installed = readPackages(join(root, "node_modules", ".package-lock.json"));
  const wanted = readPackages(join(root, "package-lock.json"));
  if (!installed || !wanted) return false;
  for (const [path, { version, link, optional }] of Object.entries(wanted)) {
    const found = installed[path];
    if (path === "" || (!found && optional)) continue;
    if (!found || found.version !== version || Boolean(found.link) !== Boolean(link)) return false;
  }
  return Object.keys(installed).every((path) => path in wanted) && declarationsMatch(root, wanted);
}

const KINDS = ["dependencies", "devDependencies", "optionalDependencies"];

/** A package.json that names other dependencies than the lockfile is for npm to judge. */
function declarationsMatch(root, wanted) {
  const workspaces = Object.keys(wanted).filter((path) => !path.includes("node_modules"));
  return workspaces.every((path) => {
    const file = join(root, path, "package.json");
    if (!existsSync(file)) return false;
    const declared = JSON.parse(readFileSync(file, "utf8"));
    return KINDS.every((kind) => sameEntries(declared[kind] ?? {}, wanted[path][kind] ?? {}));
  });
}

function sameEntries(a, b) {
  const text = (entries) => JSON.stringify(Object.entries(entries).sort());
  return text(a) === text(b);
}

function readPackages(file) {
  try {
    return JSON.parse(readFileSync(file, "utf8")).packages;
  } catch {
    return null;
  }
}

function npmCi(root) {
  const stopShowing = showProgress();
  // Under `npm run` this is the npm that runs, whatever else lies on the PATH.
  const npm = process.env.npm_execpath;
  const [command, args] = npm ? [process.execPath, [npm, "ci"]] : ["npm", ["ci"]];
  const child = spawn(command, args, {
    cwd: root,
    stdio: ["ignore", "pipe", "pipe"],
    shell: !npm && process.platform === "win32",
    env: { ...process.env, npm_config_loglevel: "error" },
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (output += chunk));
  // Ctrl-C reaches npm as well; this process waits for it and then ends quietly.
  const ignore = () => {};
  process.on("SIGINT", ignore);
  return new Promise((settle) => {
    const finish = (end) => {
      process.removeListener("SIGINT", ignore);
      stopShowing();
      settle({ ...end, output });
    };
    child.once("error", (error) => finish({ code: error.message, signal: null }));
    child.once("close", (code, signal) => finish({ code, signal }));
  });
}

function showProgress() {
  const begun = Date.now();
  const seconds = () => `${((Date.now() - begun) / 1_000).toFixed(1)} s`;
  const line = "  installing dependencies…";
  if (!process.stderr.isTTY) {
    process.stderr.write(`${line}\n`);
    return () => process.stderr.write(`  dependencies ${seconds()}\n`);
  }
  const draw = () => process.stderr.write(`\r${line} ${seconds()} `);
  draw();
  const timer = setInterval(draw, TICK_MS);
  return () => {
    clearInterval(timer);
    process.stderr.write(`\r${line} ${seconds()}\n`);
  };
}
