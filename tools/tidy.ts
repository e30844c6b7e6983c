import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { IMPORT_RULES } from "./tidy/import-rules.ts";
import { type SourceFile, sourceFile } from "./tidy/source.ts";
import { TEXT_RULES } from "./tidy/text-rules.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const LEFT_OUT = new Set([
  "node_modules",
  "gen",
  ".git",
  ".oi",
  ".turbo",
  ".vitest",
  "coverage",
  "screenshots",
]);
const READ = /\.(ts|mjs|json|sql|proto|ya?ml|md|sh|css|html)$/;
const RULES = { ...IMPORT_RULES, ...TEXT_RULES };

export type Violation = { readonly path: string; readonly rule: string; readonly message: string };

/** Applies every rule that no other check knows to a file. */
export function violationsOf(file: SourceFile): readonly Violation[] {
  return Object.entries(RULES).flatMap(([rule, check]) =>
    check(file).map((message) => ({ path: file.path, rule, message })),
  );
}

function* paths(folder: string): Generator<string> {
  for (const entry of readdirSync(join(ROOT, folder), { withFileTypes: true })) {
    if (LEFT_OUT.has(entry.name)) continue;
    const path = folder === "" ? entry.name : `${folder}/${entry.name}`;
    if (entry.isDirectory()) yield* paths(path);
    else if (READ.test(entry.name) && entry.name !== "package-lock.json") yield path;
  }
}

if (import.meta.main) {
  let count = 0;
  const violations: Violation[] = [];
  for (const path of paths("")) {
    count += 1;
    violations.push(...violationsOf(sourceFile(path, readFileSync(join(ROOT, path), "utf8"))));
  }
  for (const { path, rule, message } of violations) process.stdout.write(`${path}: ${message} (${rule})\n`);
  process.stdout.write(`${count} files, ${violations.length} violations\n`);
  process.exitCode = violations.length > 0 ? 1 : 0;
}
