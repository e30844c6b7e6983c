import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterAll, expect, it } from "vitest";
import { isAlive, waitUntilGone } from "./infra/processes.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "oi-run-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Tells about itself, then counts the signals it gets until it has been quiet for a while. */
const TARGET = `
console.log(JSON.stringify({ pid: process.pid, version: process.version, path: process.env.PATH.split(":")[0],
  telemetry: process.env.TURBO_TELEMETRY_DISABLED, args: process.argv.slice(2) }));
let signals = 0;
const idle = setInterval(() => {}, 1000);
process.on("SIGINT", () => { signals += 1; setTimeout(() => { console.log(signals); process.exit(7); }, 400).unref(); });
process.on("SIGTERM", () => process.exit(0));
`;

function start(): ChildProcess & { output: string } {
  const file = join(folder, "target.mjs");
  writeFileSync(file, TARGET);
  const { npm_lifecycle_event: _, ...env } = process.env;
  const child = spawn(process.execPath, ["tools/run.mjs", file, "one", "two"], {
    cwd: ROOT,
    env,
    stdio: ["ignore", "pipe", "inherit"],
  });
  const told = Object.assign(child, { output: "" });
  child.stdout.on("data", (chunk) => {
    told.output += String(chunk);
  });
  return told;
}

it("runs a tool on the pinned Node, passes a signal on once and ends as the tool ends", async () => {
  const child = start();
  await expect.poll(() => child.output, { timeout: 20_000 }).toContain("}\n");
  expect(JSON.parse(child.output)).toMatchObject({
    version: "v26.10.0",
    path: join(ROOT, "node_modules", ".bin"),
    telemetry: "1",
    args: ["one", "two"],
  });
  const exit = once(child, "exit");
  child.kill("SIGINT");
  await sleep(50);
  child.kill("SIGINT");
  expect(await exit).toEqual([7, null]);
  expect(child.output.trim().split("\n").at(-1)).toBe("1");
});

it("leaves no tool behind when it is killed", async () => {
  const child = start();
  await expect.poll(() => child.output, { timeout: 20_000 }).toContain("}\n");
  const { pid } = JSON.parse(child.output) as { readonly pid: number };
  expect(isAlive(pid)).toBe(true);
  child.kill("SIGKILL");
  expect(await waitUntilGone(pid, 5_000)).toBe(true);
});
