import { cpSync, mkdirSync, mkdtempSync, readdirSync, readlinkSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const LEFT_OUT = new Set(["node_modules", ".git", ".oi", ".turbo", ".vitest", "coverage", "screenshots"]);
/** Where the workspaces are linked; the copy links its own, so that nothing in it reads the original. */
const OWN_SCOPE = "@oi";

/** The sources of this repository in a folder of their own, with the same dependencies. */
export function copyRepository(): Disposable & { readonly root: string } {
  const root = mkdtempSync(join(tmpdir(), "oi-copy-"));
  cpSync(ROOT, root, { recursive: true, filter: (path) => !LEFT_OUT.has(basename(path)) });
  const modules = join(root, "node_modules");
  const ownModules = join(modules, OWN_SCOPE);
  mkdirSync(ownModules, { recursive: true });
  for (const name of readdirSync(join(ROOT, "node_modules"))) {
    if (name !== OWN_SCOPE) symlinkSync(join(ROOT, "node_modules", name), join(modules, name));
  }
  for (const name of readdirSync(join(ROOT, "node_modules", OWN_SCOPE))) {
    symlinkSync(readlinkSync(join(ROOT, "node_modules", OWN_SCOPE, name)), join(ownModules, name));
  }
  return { root, [Symbol.dispose]: () => rmSync(root, { recursive: true, force: true }) };
}
