import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { chmodSync, lchownSync, lstatSync, mkdirSync, readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { type Binaries, binary, worldReadableBinaries } from "./postgres-binaries.ts";
import { EXIT, StartFailure } from "./start-failure.ts";

/**
 * PostgreSQL refuses to run as root. In a user namespace root looks like `nobody` to it and yet keeps root's own
 * files, whatever folders they lie in; where namespaces are refused, it really runs as `nobody`.
 */
export type RunAs =
  | { readonly kind: "self" }
  | { readonly kind: "namespace" }
  | { readonly kind: "nobody"; readonly uid: number; readonly gid: number };

export type Placement = {
  readonly runAs: RunAs;
  readonly binaries: Binaries;
  /** Where the data lies; another folder than the one asked for only when that one cannot be entered. */
  readonly folder: string;
};

export type Command = {
  readonly command: string;
  readonly args: readonly string[];
  readonly uid?: number;
  readonly gid?: number;
};

const NAMESPACE = ["--user", "--map-user=65534", "--map-group=65534", "--"];

export function commandAs(runAs: RunAs, command: string, args: readonly string[]): Command {
  if (runAs.kind === "namespace") return { command: "unshare", args: [...NAMESPACE, command, ...args] };
  if (runAs.kind === "nobody") return { command, args, uid: runAs.uid, gid: runAs.gid };
  return { command, args };
}

/** Finds a user, binaries and a folder that work together, the folder that was asked for first. */
export function placePostgres(folder: string, installed: Binaries): Placement {
  makeFolder(folder);
  if (process.getuid?.() !== 0) return { runAs: { kind: "self" }, binaries: installed, folder };
  const users = rootUsers();
  for (const place of [folder, fallbackFolder(folder)]) {
    for (const runAs of users) {
      for (const find of [() => installed, () => worldReadableBinaries(installed)]) {
        const placement = { runAs, binaries: find(), folder: place };
        if (works(placement)) return placement;
      }
    }
  }
  throw new StartFailure({
    exitCode: EXIT.postgres,
    what: "PostgreSQL cannot run here as root",
    why:
      `it refuses to be root; a user namespace (unshare --user) is refused by this system, and the user nobody can ` +
      `enter neither ${folder} nor ${fallbackFolder(folder)}`,
    fix: "start as a normal user, or give databases of your own: PAYMENTS_DATABASE_URL, LEDGER_DATABASE_URL, WEBHOOKS_DATABASE_URL",
  });
}

/** Gives a folder and all it holds to the user that PostgreSQL runs as. */
export function giveTo(runAs: RunAs, folder: string): void {
  if (runAs.kind === "self") return;
  const { uid, gid } = runAs.kind === "nobody" ? runAs : { uid: 0, gid: 0 };
  if (lstatSync(folder).uid !== uid) changeOwner(folder, uid, gid);
}

function changeOwner(path: string, uid: number, gid: number): void {
  lchownSync(path, uid, gid);
  if (!lstatSync(path).isDirectory()) return;
  for (const name of readdirSync(path)) changeOwner(join(path, name), uid, gid);
}

function rootUsers(): readonly RunAs[] {
  const nobody = { kind: "nobody", uid: idOf("-u"), gid: idOf("-g") } as const;
  const allowsNamespaces = spawnSync("unshare", [...NAMESPACE, "true"], { stdio: "ignore" }).status === 0;
  return allowsNamespaces ? [{ kind: "namespace" }, nobody] : [nobody];
}

function idOf(flag: "-u" | "-g"): number {
  try {
    return Number(
      execFileSync("id", [flag, "nobody"], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }),
    );
  } catch {
    return 65_534;
  }
}

/** Only trying tells: systems refuse user namespaces in several ways, and any parent folder may be closed. */
function works({ runAs, binaries, folder }: Placement): boolean {
  makeFolder(folder);
  giveTo(runAs, folder);
  const script = 'test -w "$1" && cd "$1" && exec "$2" --version';
  const probe = commandAs(runAs, "sh", ["-c", script, "sh", folder, binary(binaries, "postgres")]);
  return spawnSync(probe.command, probe.args, { ...probe, cwd: "/", stdio: "ignore" }).status === 0;
}

/** Parents keep the usual mode: a 0700 parent made here would lock `nobody` out for no reason. */
function makeFolder(folder: string): void {
  mkdirSync(folder, { recursive: true });
  chmodSync(folder, 0o700);
}

/** The same folder at every start, and nobody else's: giving it away fails when another user owns it. */
export function fallbackFolder(folder: string): string {
  const hash = createHash("sha256").update(folder).digest("hex").slice(0, 12);
  return join(tmpdir(), `oi-payments-${basename(folder)}-${hash}`);
}
