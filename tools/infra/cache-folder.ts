import { accessSync, constants, lstatSync, mkdirSync } from "node:fs";
import { homedir, tmpdir, userInfo } from "node:os";
import { join } from "node:path";

/** What may be fetched once per machine and shared by every checkout: `$XDG_CACHE_HOME` or `~/.cache`. */
export function cacheFolder(env: Readonly<Record<string, string | undefined>>): string {
  const folder = join(env.XDG_CACHE_HOME || join(homedir(), ".cache"), "oi-payments");
  try {
    mkdirSync(folder, { recursive: true });
    accessSync(folder, constants.W_OK);
    return folder;
  } catch {
    return temporaryCache();
  }
}

/** For a user without a home. Binaries are run from it, so it must be nobody else's. */
function temporaryCache(): string {
  const { uid } = userInfo();
  const folder = join(tmpdir(), `oi-payments-cache-${uid}`);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  if (uid !== -1 && lstatSync(folder).uid !== uid)
    throw new Error(`${folder} belongs to another user; remove it`);
  return folder;
}
