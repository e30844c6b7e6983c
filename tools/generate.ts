import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { glob } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const PROTO = join(ROOT, "proto");
const STAMP = join(PROTO, "gen", ".stamp");

/** Everything that decides what the generated code looks like. */
async function inputHash(): Promise<string> {
  const files: string[] = [];
  for await (const file of glob("**/*.proto", { cwd: PROTO, exclude: ["gen", "node_modules"] }))
    files.push(file);
  const hash = createHash("sha256");
  for (const file of [...files.sort(), "buf.yaml", "buf.gen.yaml"]) {
    hash
      .update(`${file}\0`)
      .update(readFileSync(join(PROTO, file)))
      .update("\0");
  }
  hash.update(readFileSync(join(ROOT, "node_modules/@bufbuild/protoc-gen-es/package.json")));
  return hash.digest("hex");
}

/** Makes `proto/gen` anew when its inputs changed. Returns whether it did. */
export async function generate(options: { readonly force: boolean }): Promise<boolean> {
  const hash = await inputHash();
  const known = existsSync(STAMP) ? readFileSync(STAMP, "utf8") : "";
  if (known === hash && !options.force) return false;
  await runBuf();
  writeFileSync(STAMP, hash);
  return true;
}

function runBuf(): Promise<void> {
  const path = `${join(ROOT, "node_modules", ".bin")}${delimiter}${process.env.PATH ?? ""}`;
  const buf = spawn(process.execPath, [join(ROOT, "node_modules/@bufbuild/buf/bin/buf"), "generate"], {
    cwd: PROTO,
    stdio: "inherit",
    env: { ...process.env, PATH: path },
  });
  return new Promise((resolve, reject) => {
    buf.once("error", reject);
    buf.once("exit", (code) =>
      code === 0 ? resolve() : reject(new Error(`buf generate ended with ${code}`)),
    );
  });
}

if (import.meta.main) {
  const begun = performance.now();
  try {
    const isNew = await generate({ force: process.argv.includes("--force") });
    if (isNew)
      process.stderr.write(`  proto code generated in ${Math.round(performance.now() - begun)} ms\n`);
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n`);
    process.exitCode = 1;
  }
}
