import { spawn } from "node:child_process";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { STEPS, type Step } from "./check-steps.ts";
import { VIOLATIONS, type Violation } from "./testing/planted-violations.ts";
import { copyRepository } from "./testing/repository-copy.ts";

/**
 * Proves the rules of the house with the machinery that enforces them: a copy of the repository passes `npm run check`;
 * then the violations of each step are planted in it, and each must be named, with its file and its rule, as an error.
 */
const copy = copyRepository();
afterAll(() => copy[Symbol.dispose]());

type Checked = { readonly code: number | null; readonly output: string };

function check(step?: Step): Promise<Checked> {
  const only = step === undefined ? [] : ["--only", step];
  const child = spawn(process.execPath, [join(copy.root, "tools", "check.ts"), ...only], {
    cwd: copy.root,
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, NO_COLOR: "1" },
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk) => {
      output += String(chunk);
    });
  }
  return new Promise((resolve) => child.once("close", (code) => resolve({ code, output })));
}

/** Where each violation lies: one that names only a folder gets a file of its own. */
const PLANTED = VIOLATIONS.map((violation, at) => ({
  ...violation,
  path: violation.path.endsWith("/") ? `${violation.path}planted-${at}.ts` : violation.path,
}));

/** Changes the copy and returns how to take it back. */
function plant({ path, text }: Violation): () => void {
  const file = join(copy.root, path);
  const before = existsSync(file) ? readFileSync(file, "utf8") : null;
  writeFileSync(file, typeof text === "string" ? `${text}\n` : text(before ?? ""));
  return () => (before === null ? rmSync(file) : writeFileSync(file, before));
}

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\/]/g, "\\$&");

/** How an error looks in the output of each step. Biome also prints hints; only its errors and warnings make it fail. */
const MARKS: Readonly<Record<Step, (violation: Violation) => RegExp>> = {
  tidy: ({ path, rule }) => new RegExp(`^${escaped(path)}: .*\\(${rule}\\)$`, "m"),
  types: ({ path, rule }) => new RegExp(`^${escaped(path)}\\(\\d+,\\d+\\): error ${rule}`, "m"),
  domain: ({ path, rule }) => new RegExp(`^${escaped(path)}\\(\\d+,\\d+\\): error ${rule}`, "m"),
  biome: ({ path, rule }) =>
    new RegExp(`^${escaped(path)}(:\\d+:\\d+)? ${escaped(rule)}\\b[^\\n]*\\n\\n\\s*[×!]`, "m"),
  docs: ({ path, rule }) => new RegExp(`^${escaped(path)} ${rule}`, "m"),
  knip: ({ path, rule }) => new RegExp(`^${rule} \\(\\d+\\)\\n(.+\\n)*.*${escaped(path)}`, "m"),
  contract: ({ path, rule }) =>
    new RegExp(`^${escaped(path.replace("proto/", ""))}:\\d+:\\d+:.*${rule}`, "m"),
};

it("finds nothing wrong in a clean copy", async () => {
  const { code, output } = await check();
  expect(output).not.toContain("✗");
  expect(code, output).toBe(0);
}, 300_000);

describe("planted", () => {
  const checked = new Map<Step, Checked>();

  beforeAll(async () => {
    for (const step of STEPS) {
      const undo = PLANTED.filter((violation) => violation.step === step).map(plant);
      checked.set(step, await check(step));
      for (const takeBack of undo.reverse()) takeBack();
    }
  }, 300_000);

  it.each(STEPS)("makes %s fail", (step) => {
    expect(checked.get(step)?.code).toBe(1);
  });

  it.each(PLANTED)("is named by $step: $rule in $path", (violation) => {
    expect(checked.get(violation.step)?.output).toMatch(MARKS[violation.step](violation));
  });
});
