import { readdir, readFile, readlink } from "node:fs/promises";

export type PortHolder = { readonly pid: number; readonly name: string };

const LISTENING = "0A";

/** Who listens on a TCP port, where the system shows it (Linux, processes of the same user or all as root). */
export async function portHolder(port: number): Promise<PortHolder | null> {
  const inodes = await listeningInodes(port);
  if (inodes.size === 0) return null;
  for (const pid of await readdir("/proc").catch(() => [])) {
    if (/^\d+$/.test(pid) && (await holdsSocket(pid, inodes))) {
      const name = await readFile(`/proc/${pid}/comm`, "utf8").catch(() => "unknown");
      return { pid: Number(pid), name: name.trim() };
    }
  }
  return null;
}

async function listeningInodes(port: number): Promise<ReadonlySet<string>> {
  const hexPort = port.toString(16).toUpperCase().padStart(4, "0");
  const inodes = new Set<string>();
  for (const table of ["/proc/net/tcp", "/proc/net/tcp6"]) {
    const text = await readFile(table, "utf8").catch(() => "");
    for (const line of text.split("\n")) {
      const [, local, , state, , , , , , inode] = line.trim().split(/\s+/);
      if (local?.endsWith(`:${hexPort}`) && state === LISTENING && inode) inodes.add(inode);
    }
  }
  return inodes;
}

async function holdsSocket(pid: string, inodes: ReadonlySet<string>): Promise<boolean> {
  for (const descriptor of await readdir(`/proc/${pid}/fd`).catch(() => [])) {
    const target = await readlink(`/proc/${pid}/fd/${descriptor}`).catch(() => "");
    const inode = /^socket:\[(\d+)\]$/.exec(target)?.[1];
    if (inode && inodes.has(inode)) return true;
  }
  return false;
}
