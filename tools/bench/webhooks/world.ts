import { type ChildProcess, spawn } from "node:child_process";
import { createSocket } from "node:dgram";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { migrate, roleOf } from "@oi/platform/postgres/migrate";
import postgres from "postgres";
import { startInfrastructure } from "../../infra/local.ts";
import { freePort } from "../../infra/ports.ts";

/** PostgreSQL, NATS and a silent or speaking DNS server, and the means to run the service on them. */
export type World = AsyncDisposable & {
  readonly owner: postgres.Sql;
  readonly natsUrl: string;
  readonly version: string;
  readonly fsync: string;
  readonly commitMs: number;
  readonly dns: { isSilent: boolean };
  startService(): Promise<Service>;
};

export type Service = AsyncDisposable & { readonly jsonUrl: string };

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));
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

async function timeCommit(sql: postgres.Sql): Promise<number> {
  await sql`create table bench_commit (n int)`;
  const times: number[] = [];
  for (let i = 0; i < 50; i++) {
    const begun = performance.now();
    await sql`insert into bench_commit values (${i})`;
    times.push(performance.now() - begun);
  }
  await sql`drop table bench_commit`;
  return times.sort((a, b) => a - b)[25] ?? 0;
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

export async function startWorld(keks: string): Promise<World> {
  await using started = new AsyncDisposableStack();
  const home = mkdtempSync(join(tmpdir(), "oi-bench-"));
  started.defer(() => rmSync(home, { recursive: true, force: true }));
  const env = { ...process.env, OI_EPHEMERAL: "1" };
  const infrastructure = started.use(await startInfrastructure({ home, env, flags: "durable" }));
  const { url, ownerUrl } = infrastructure.databases.webhooks;
  await migrate({ ownerUrl, appRole: roleOf(url), folder: join(ROOT, "services/webhooks/migrations") });
  const owner = postgres(ownerUrl, { max: 2, onnotice: () => undefined });
  started.defer(() => owner.end({ timeout: 1 }));
  const [facts] = await owner<{ version: string; fsync: string }[]>`
    select split_part(version(), ' ', 2) as version, current_setting('fsync') as fsync`;
  const dns = { isSilent: false };
  const server = await openDns(dns);
  started.defer(server.close);
  const commitMs = await timeCommit(owner);
  const all = started.move();
  return {
    owner,
    natsUrl: infrastructure.natsUrl,
    version: facts?.version ?? "?",
    fsync: facts?.fsync ?? "?",
    commitMs,
    dns,
    startService: async () => {
      const opsPort = await freePort();
      const child = spawn(process.execPath, [join(ROOT, "services/webhooks/src/main.ts")], {
        stdio: ["ignore", "ignore", "inherit"],
        env: {
          WEBHOOKS_DATABASE_URL: url,
          NATS_URL: infrastructure.natsUrl,
          WEBHOOKS_KEKS: keks,
          WEBHOOKS_EGRESS_ALLOW_CIDRS: "127.0.0.0/8",
          WEBHOOKS_DNS_SERVERS: server.address,
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
        [Symbol.asyncDispose]: async () => {
          child.kill("SIGKILL");
          await ended;
        },
      };
    },
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  };
}
