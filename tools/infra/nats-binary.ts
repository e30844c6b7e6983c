import { accessSync, constants, existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { cacheFolder } from "./cache-folder.ts";
import { downloadNatsServer } from "./nats-download.ts";
import { EXIT, StartFailure } from "./start-failure.ts";

export type Env = Readonly<Record<string, string | undefined>>;

/** Where packages put the server although a normal user's PATH does not lead there. */
const USUAL_FOLDERS = ["/usr/sbin", "/usr/local/bin", "/opt/homebrew/bin"];
const EXECUTABLE = process.platform === "win32" ? "nats-server.exe" : "nats-server";

/** Finds a nats-server binary, or fetches one into the cache without touching the system. */
export async function findNatsServer(env: Env, onWait?: (what: string) => void): Promise<string> {
  const given = env.NATS_SERVER_BIN;
  if (given) {
    if (isExecutable(given)) return given;
    throw notObtainable([`NATS_SERVER_BIN=${given}: not an executable file`]);
  }
  const cached = join(cacheFolder(env), "nats-server", "usr", "sbin", EXECUTABLE);
  const onPath = (env.PATH ?? "").split(delimiter).filter((folder) => folder !== "");
  const candidates = [...onPath, ...USUAL_FOLDERS].map((folder) => join(folder, EXECUTABLE)).concat(cached);
  const found = candidates.find(isExecutable);
  if (found) return found;
  const tried = [
    "NATS_SERVER_BIN: not set",
    `PATH: no ${EXECUTABLE} in ${onPath.length} folders`,
    `${USUAL_FOLDERS.join(", ")}: not there`,
    `${cached}: not there`,
  ];
  onWait?.("fetching nats-server from the system's package archive");
  const problem = await downloadNatsServer(cacheFolder(env));
  if (problem === null && existsSync(cached)) return cached;
  throw notObtainable([
    ...tried,
    `apt-get download nats-server: ${problem ?? "the package holds no server"}`,
  ]);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

const FIXES: Partial<Record<NodeJS.Platform, string>> = {
  darwin: "brew install nats-server",
  win32: "scoop install main/nats-server (or choco install nats-server)",
  linux:
    "Debian, Ubuntu: sudo apt-get install nats-server · Alpine: apk add nats-server · Arch: pacman -S nats-server\n" +
    "others: the release of https://github.com/nats-io/nats-server/releases, then NATS_SERVER_BIN=/path/to/nats-server",
};

function notObtainable(tried: readonly string[]): StartFailure {
  return new StartFailure({
    exitCode: EXIT.nats,
    what: "no nats-server found, and none could be fetched",
    why: `it was looked for here:\n${tried.map((line) => `- ${line}`).join("\n")}`,
    fix:
      `${FIXES[process.platform] ?? "install nats-server 2.9 or newer"}\n` +
      "or use a running server with JetStream: NATS_URL=nats://host:4222",
  });
}
