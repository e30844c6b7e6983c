import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { binary } from "./postgres-binaries.ts";
import { commandAs, giveTo, type Placement } from "./postgres-user.ts";
import { EXIT, lastLines, StartFailure } from "./start-failure.ts";

export type ClusterOptions = {
  readonly flags: "durable" | "fast";
  readonly isTemporary?: boolean;
  readonly onWait?: (what: string) => void;
};

/** Letters and digits only, so that it stands in a URL as it is. */
export function makePassword(): string {
  return randomBytes(24).toString("hex");
}

/** Creates the cluster unless it is there; returns the superuser's password, which lies beside the data. */
export async function initialiseCluster(placement: Placement, options: ClusterOptions): Promise<string> {
  const { folder, runAs } = placement;
  const data = join(folder, "data");
  const passwordFile = join(folder, "superuser-password");
  if (existsSync(data)) {
    giveTo(runAs, data);
    return existingPassword(passwordFile, folder);
  }
  options.onWait?.("creating the database cluster");
  const password = makePassword();
  writeFileSync(passwordFile, password, { mode: 0o600 });
  giveTo(runAs, passwordFile);
  // Renamed when it is whole: a start that was killed half-way leaves nothing that looks like a cluster.
  const partial = join(folder, "data.partial");
  rmSync(partial, { recursive: true, force: true });
  await runInitdb(placement, partial, passwordFile, options.flags === "fast" || options.isTemporary === true);
  renameSync(partial, data);
  return password;
}

function existingPassword(file: string, folder: string): string {
  if (existsSync(file)) return readFileSync(file, "utf8");
  throw new StartFailure({
    exitCode: EXIT.postgres,
    what: "the database's password is lost",
    why: `${folder} holds a cluster, but ${file} is gone`,
    fix: "put the file back, or start clean: npm start -- --reset",
  });
}

async function runInitdb(
  { runAs, binaries, folder }: Placement,
  data: string,
  passwordFile: string,
  isThrownAway: boolean,
): Promise<void> {
  const args = [
    ...["-D", data, "-U", "postgres", "--auth=scram-sha-256", `--pwfile=${passwordFile}`],
    ...["-E", "UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "-k"],
    ...(isThrownAway ? ["--no-sync"] : []),
  ];
  const { command, args: fullArgs, ...user } = commandAs(runAs, binary(binaries, "initdb"), args);
  const initdb = spawn(command, fullArgs, { ...user, cwd: folder, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  for (const stream of [initdb.stdout, initdb.stderr])
    stream.on("data", (chunk) => (output += String(chunk)));
  const code = await new Promise<number | string | null>((resolve) => {
    initdb.once("error", (error) => resolve(error.message));
    initdb.once("close", resolve);
  });
  if (code === 0) return;
  rmSync(data, { recursive: true, force: true });
  throw new StartFailure({
    exitCode: EXIT.postgres,
    what: "the database cluster could not be created",
    why: `initdb ended with ${code}:\n${lastLines(output, 10)}`,
    fix:
      `make room and give write permission for ${folder}\n` +
      "or give databases of your own: PAYMENTS_DATABASE_URL, LEDGER_DATABASE_URL, WEBHOOKS_DATABASE_URL",
  });
}
