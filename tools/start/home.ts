import { randomBytes } from "node:crypto";
import { chmodSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const REPOSITORY = fileURLToPath(new URL("../..", import.meta.url));

/** `OI_HOME`: everything that a start leaves behind. */
export function homeFolder(env: Readonly<Record<string, string | undefined>>): string {
  const home = resolve(REPOSITORY, env.OI_HOME || ".oi");
  mkdirSync(join(home, "log"), { recursive: true });
  return home;
}

/** Whole or not at all, and readable by its owner alone: these files hold credentials. */
export function writePrivateJson(file: string, content: object): void {
  const partial = `${file}.${process.pid}.partial`;
  writeFileSync(partial, `${JSON.stringify(content, null, 2)}\n`, { mode: 0o600 });
  chmodSync(partial, 0o600);
  renameSync(partial, file);
}

export function readJson<T>(file: string): T | null {
  try {
    return JSON.parse(readFileSync(file, "utf8")) as T;
  } catch {
    return null;
  }
}

export type LocalSecrets = { readonly pepper: string; readonly keks: string };

/** The keys of this installation, made once: with other ones its credentials and signing secrets would be lost. */
export function localSecrets(folder: string): LocalSecrets {
  const file = join(folder, "secrets.json");
  const known = readJson<LocalSecrets>(file);
  if (known) return known;
  const secrets = {
    pepper: `local:${randomBytes(32).toString("hex")}`,
    keks: `local:${randomBytes(32).toString("base64")}`,
  };
  writePrivateJson(file, secrets);
  return secrets;
}

export function removeFile(file: string): void {
  rmSync(file, { force: true });
}
