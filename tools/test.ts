import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { countTests, summaryLine, type VitestReport } from "./test-summary.ts";

/** `npm test [unit|int|e2e] [-- vitest arguments]`: runs the suites; the last line counts them. */
const ROOT = fileURLToPath(new URL("..", import.meta.url));
const PROJECTS = ["unit", "int", "e2e"];

const [first, ...rest] = process.argv.slice(2);
const isProject = first !== undefined && PROJECTS.includes(first);
const selection = isProject ? ["--project", first, ...rest] : process.argv.slice(2);

const folder = mkdtempSync(join(tmpdir(), "oi-test-report-"));
const report = join(folder, "report.json");

// Signals reach vitest directly, as a member of the same process group; this process only waits for it to end.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => undefined);

const code = await runVitest();
const counts = countTests(readReport(), code);
rmSync(folder, { recursive: true, force: true });
process.stdout.write(`\n${summaryLine(counts)}\n`);
process.exitCode = counts.failed > 0 ? 1 : code;

function runVitest(): Promise<number> {
  const vitest = join(ROOT, "node_modules", "vitest", "vitest.mjs");
  const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${report}`];
  const child = spawn(process.execPath, [vitest, "run", ...reporters, ...selection], {
    cwd: ROOT,
    stdio: "inherit",
  });
  return new Promise((resolve) => {
    child.once("error", () => resolve(1));
    child.once("exit", (exitCode) => resolve(exitCode ?? 130));
  });
}

function readReport(): VitestReport | null {
  try {
    return JSON.parse(readFileSync(report, "utf8")) as VitestReport;
  } catch {
    return null;
  }
}
