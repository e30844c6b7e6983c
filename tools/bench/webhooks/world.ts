import { type ChildProcess, spawn } from "node:child_process";
import { createSocket } from "node:dgram";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { migrate, roleOf } from "@oi/platform/postgres/migrate";
import postgres from "postgres";
import { startNats } from "../../infra/nats.ts";
import { freePort } from "../../infra/ports.ts";
import { type Postgres, startPostgres } from "../../infra/postgres.ts";
import { makePassword } from "../../infra/postgres-cluster.ts";
import { createDatabase, ensureRoles, serviceRoles, urlFor } from "../../infra/service-database.ts";
import { median } from "../support/statistics.ts";
import { removeIsolation } from "./naive.ts";

/** PostgreSQL, NATS and a silent or speaking DNS server, and the means to run the service on them. */
export type World = AsyncDisposable & {
  readonly natsUrl: string;
  /** The database server's first process, whose children do the work. */
  readonly serverPid: number;
  readonly dns: { isSilent: boolean };
  /** With the claim as it is, and with a naive one. */
  readonly ours: Store;
  readonly naive: Store;
  /** The server, and what one commit takes: `PostgreSQL 18.4 · fsync on · one commit 0.31 ms`. */
  readonly description: string;
  /** What loading rows left for the server to write is written before anything is measured. */
  checkpoint(): Promise<void>;
  startService(store: Store): Promise<Service>;
};

/** A database of the service and its owner's connection. */
export type Store = { readonly url: string; readonly owner: postgres.Sql };

export type Service = AsyncDisposable & { readonly jsonUrl: string; readonly pid: number };

const SERVICE = fileURLToPath(new URL("../../../services/webhooks", import.meta.url));
const A = 1;

/** Every name is an address of its own: `h7.bench.example` is 127.20.0.7. */
async function openDns(state: { isSilent: boolean }) {
  const socket = createSocket("udp4");
  socket.on("message", (message, from) => {
    if (state.isSilent) return;
    const number = Number(/h(\d+)/.exec(message.toString("latin1", 12, 40))?.[1] ?? 0);
    let end = 12;
    while ((message[end] ?? 0) > 0) end += (message[end] ?? 0) + 1;
    const isA = message.readUInt16BE(end + 1) === A;
    const reply = Buffer.from(message.subarray(0, end + 5));
    reply.writeUInt16BE(0x8180, 2);
    reply.writeUInt16BE(isA ? 1 : 0, 6);
    reply.writeUInt32BE(0, 8);
    const record = Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 1, 0, 4, 127, 20, number >> 8, number & 255]);
    socket.send(isA ? Buffer.concat([reply, record]) : reply, from.port, from.address);
  });
  await new Promise<void>((resolve) => socket.bind(0, "127.0.0.1", resolve));
  return { address: `127.0.0.1:${socket.address().port}`, close: () => void socket.close() };
}

async function untilReady(child: ChildProcess, jsonUrl: string): Promise<void> {
  for (let tries = 0; tries < 200; tries++) {
    if (child.exitCode !== null) throw new Error("the service ended at its start");
    const answer = await fetch(`${jsonUrl}/readyz`).catch(() => null);
    if (answer?.ok) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error("the service did not become ready");
}

async function startService(env: Readonly<Record<string, string>>): Promise<Service> {
  const opsPort = await freePort();
  const child = spawn(process.execPath, [join(SERVICE, "src/main.ts")], {
    stdio: ["ignore", "ignore", "inherit"],
    env: {
      ...env,
      WEBHOOKS_EGRESS_ALLOW_CIDRS: "127.0.0.0/8",
      LOG_LEVEL: "error",
      RPC_PORT: "0",
      OPS_PORT: String(opsPort),
    },
  });
  const ended = new Promise((resolve) => child.once("exit", resolve));
  const jsonUrl = `http://127.0.0.1:${opsPort}`;
  await untilReady(child, jsonUrl);
  return {
    jsonUrl,
    pid: child.pid ?? 0,
    [Symbol.asyncDispose]: async () => {
      child.kill("SIGKILL");
      await ended;
    },
  };
}

async function createStore(server: Postgres, admin: postgres.Sql, name: string) {
  const password = makePassword();
  const roles = serviceRoles(name, () => password);
  await ensureRoles(admin, roles);
  await createDatabase(admin, { name, roles });
  const url = urlFor(server.adminUrl, roles.app, name);
  const ownerUrl = urlFor(server.adminUrl, roles.owner, name);
  await migrate({ ownerUrl, appRole: roleOf(url), folder: join(SERVICE, "migrations") });
  return { url, ownerUrl };
}

async function describe(admin: postgres.Sql): Promise<string> {
  const [facts] = await admin<{ version: string; fsync: string }[]>`
    select split_part(version(), ' ', 2) as version, current_setting('fsync') as fsync`;
  await admin`create table bench_commit (n int)`;
  const times: number[] = [];
  for (let i = 0; i < 50; i++) {
    const begun = performance.now();
    await admin`insert into bench_commit values (${i})`;
    times.push(performance.now() - begun);
  }
  await admin`drop table bench_commit`;
  return `PostgreSQL ${facts?.version} · fsync ${facts?.fsync} · one commit ${median(times).toFixed(2)} ms`;
}

export async function startWorld(keks: string): Promise<World> {
  await using started = new AsyncDisposableStack();
  const home = mkdtempSync(join(tmpdir(), "oi-bench-"));
  started.defer(() => rmSync(home, { recursive: true, force: true }));
  const own = { port: freePort, isTemporary: true } as const;
  const server = started.use(
    await startPostgres({ ...own, folder: join(home, "postgres"), flags: "durable" }),
  );
  const env = { ...process.env, NATS_URL: undefined };
  const nats = started.use(await startNats({ ...own, folder: join(home, "nats"), env }));
  const connect = (url: string): postgres.Sql => {
    const sql = postgres(url, { max: 2, onnotice: () => undefined });
    started.defer(() => sql.end({ timeout: 1 }));
    return sql;
  };
  const admin = connect(server.adminUrl);
  const storeOf = async (name: string): Promise<Store> => {
    const { url, ownerUrl } = await createStore(server, admin, name);
    return { url, owner: connect(ownerUrl) };
  };
  const [ours, naive] = [await storeOf("ours"), await storeOf("naive")];
  await removeIsolation(naive.owner);
  const dns = { isSilent: false };
  const names = await openDns(dns);
  started.defer(names.close);
  const description = await describe(admin);
  const all = started.move();
  return {
    natsUrl: nats.url,
    serverPid: server.pid,
    dns,
    ours,
    naive,
    description,
    checkpoint: async () => void (await admin`checkpoint`),
    startService: (store) =>
      startService({
        WEBHOOKS_DATABASE_URL: store.url,
        NATS_URL: nats.url,
        WEBHOOKS_KEKS: keks,
        WEBHOOKS_DNS_SERVERS: names.address,
      }),
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  };
}
