import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);
const LIMIT_MS = 120_000;

/**
 * Debian and Ubuntu: unpacks the distribution's own package into the cache. apt verifies its signature as ever, but
 * with package lists of our own, so it needs no root and installs nothing. Returns what went wrong, or null.
 */
export async function downloadNatsServer(cache: string): Promise<string | null> {
  mkdirSync(cache, { recursive: true });
  const folder = mkdtempSync(join(cache, "nats-download-"));
  try {
    for (const name of ["lists", "apt", "unpacked"]) mkdirSync(join(folder, name));
    await apt(folder, "update");
    await apt(folder, "download", "nats-server");
    const packageFile = readdirSync(folder).find((name) => name.endsWith(".deb"));
    if (!packageFile) return "apt-get downloaded nothing";
    await run("dpkg-deb", ["-x", packageFile, "unpacked"], { cwd: folder, timeout: LIMIT_MS });
    moveInto(join(folder, "unpacked"), join(cache, "nats-server"));
    return null;
  } catch (error) {
    return reasonOf(error);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function apt(folder: string, ...command: readonly string[]): Promise<void> {
  const options = [
    `Dir::State::Lists=${join(folder, "lists")}`,
    `Dir::Cache=${join(folder, "apt")}`,
    "Debug::NoLocking=1",
    // As root, apt would switch to a user of its own that may not write into our cache.
    ...(process.getuid?.() === 0 ? ["APT::Sandbox::User=root"] : []),
  ];
  const args = ["-q", ...options.flatMap((option) => ["-o", option]), ...command];
  await run("apt-get", args, { cwd: folder, timeout: LIMIT_MS, env: { ...process.env, LC_ALL: "C" } });
}

/** A parallel start may have finished first; its copy is as good. */
function moveInto(from: string, to: string): void {
  try {
    renameSync(from, to);
  } catch (error) {
    if (!["ENOTEMPTY", "EEXIST"].includes((error as NodeJS.ErrnoException).code ?? "")) throw error;
  }
}

function reasonOf(error: unknown): string {
  const { code, stderr, message } = error as { code?: unknown; stderr?: string; message: string };
  if (code === "ENOENT") return "this system has no apt-get";
  const lines = (stderr ?? "").split("\n").filter((line) => /^(E|Err|W):/.test(line));
  return lines[0] ?? message.split("\n")[0] ?? "failed";
}
