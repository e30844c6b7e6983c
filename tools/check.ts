import { spawn } from "node:child_process";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { isStep, STEPS, type Step } from "./check-steps.ts";

const HELP = `npm run check -- [options]

  Everything that can be known without running the product. Starts nothing.

  --only STEP   one step alone, or several separated by commas: ${STEPS.join(", ")}
  --help        this text
`;

const ROOT = fileURLToPath(new URL("..", import.meta.url));

type Check = {
  readonly step: Step;
  readonly name: string;
  readonly script: string;
  readonly args: readonly string[];
  readonly cwd?: string;
};
type Result = { readonly name: string; readonly isOk: boolean; readonly output: string; readonly ms: number };

const modules = (path: string): string => join(ROOT, "node_modules", path);

const CHECKS: readonly Check[] = [
  { step: "types", name: "types", script: modules("typescript/bin/tsc"), args: ["-p", "tsconfig.json"] },
  {
    step: "domain",
    name: "pure domain",
    script: modules("typescript/bin/tsc"),
    args: ["-p", "tsconfig.domain.json"],
  },
  {
    step: "biome",
    name: "format, lint, boundaries",
    script: modules("@biomejs/biome/bin/biome"),
    args: ["check", "--error-on-warnings", "--max-diagnostics=200", "."],
  },
  {
    step: "contract",
    name: "contract (buf lint)",
    script: modules("@bufbuild/buf/bin/buf"),
    args: ["lint"],
    cwd: "proto",
  },
  { step: "docs", name: "rpc docs", script: join(ROOT, "tools", "rpc-docs.ts"), args: ["--check"] },
  { step: "knip", name: "unused code (knip)", script: modules("knip/bin/knip.js"), args: [] },
  { step: "tidy", name: "tidy", script: join(ROOT, "tools", "tidy.ts"), args: [] },
];

const { values } = parseArgs({
  options: { only: { type: "string" }, help: { type: "boolean", short: "h" } },
});
if (values.help) process.stdout.write(HELP);
else await check(chosen(values.only));

async function check(checks: readonly Check[]): Promise<void> {
  const results = await runAll(checks, Math.max(2, Math.floor(availableParallelism() / 2)));
  for (const result of results.filter(({ isOk }) => !isOk)) {
    process.stdout.write(`\n── ${result.name} ──\n${result.output.trimEnd()}\n`);
  }
  process.stdout.write(`\n${table(results)}\n`);
  process.exitCode = results.every(({ isOk }) => isOk) ? 0 : 1;
}

function chosen(only: string | undefined): readonly Check[] {
  const steps = only?.split(",") ?? STEPS;
  const unknown = steps.filter((step) => !isStep(step));
  if (unknown.length > 0) throw new Error(`no step is called ${unknown.join(", ")}; see --help`);
  return CHECKS.filter(({ step }) => steps.includes(step));
}

/** Runs the checks side by side, `width` at a time, and returns their results in the order of the list. */
async function runAll(checks: readonly Check[], width: number): Promise<Result[]> {
  const results: Result[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let index = next++; index < checks.length; index = next++) {
      const check = checks[index];
      if (check) results[index] = await run(check);
    }
  };
  await Promise.all(Array.from({ length: width }, worker));
  return results;
}

function run({ name, script, args, cwd }: Check): Promise<Result> {
  const begun = performance.now();
  const child = spawn(process.execPath, [script, ...args], {
    cwd: join(ROOT, cwd ?? "."),
    stdio: ["ignore", "pipe", "pipe"],
    env: process.stdout.isTTY ? { ...process.env, FORCE_COLOR: "1" } : process.env,
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk) => {
      output += String(chunk);
    });
  }
  const done = (isOk: boolean): Result => ({ name, isOk, output, ms: performance.now() - begun });
  return new Promise((resolve) => {
    child.once("error", (error) => resolve({ ...done(false), output: error.message }));
    child.once("close", (code) => resolve(done(code === 0)));
  });
}

function table(results: readonly Result[]): string {
  const width = Math.max(...results.map(({ name }) => name.length));
  return results
    .map(({ name, isOk, ms }) => {
      const time = `${(ms / 1_000).toFixed(1)} s`.padStart(8);
      return `  ${isOk ? "✓" : "✗"} ${name.padEnd(width)} ${time}${isOk ? "" : "   failed"}`;
    })
    .join("\n");
}
