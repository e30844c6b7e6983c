import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { ApplicationsService } from "@oi/proto/payments/v1/applications_service";
import { eventually } from "@oi/testkit/eventually";
import { afterEach, expect, it } from "vitest";
import { grpcTransport, rpcClient } from "./client.ts";
import { rpc } from "./errors.ts";

/** Real: servers as processes of their own, killed with SIGKILL. Judge: what one client's callers see. */
const SCRIPT = fileURLToPath(new URL("../testing/named-server.ts", import.meta.url));

const running = new Set<ChildProcess>();

async function startNamed(name: string, port = "0"): Promise<{ child: ChildProcess; address: string }> {
  const child = spawn(process.execPath, [SCRIPT, name, port], { stdio: ["ignore", "pipe", "inherit"] });
  running.add(child);
  const [line] = (await once(child.stdout as NodeJS.ReadableStream, "data")) as [Buffer];
  return { child, address: line.toString().trim() };
}

afterEach(() => {
  for (const child of running) child.kill("SIGKILL");
  running.clear();
});

async function threeServers() {
  const servers = await Promise.all(["one", "two", "three"].map((name) => startNamed(name)));
  const transport = grpcTransport(`ipv4:${servers.map(({ address }) => address).join(",")}`);
  return { servers, transport, client: rpcClient(ApplicationsService, transport) };
}

type Client = Awaited<ReturnType<typeof threeServers>>["client"];

const read = async (client: Client): Promise<string> =>
  (await rpc(client.getApplication({ applicationId: 1n }, { timeoutMs: 3_000 }))).application?.name ?? "";

let key = 0;
const mutate = async (client: Client): Promise<string> => {
  key += 1;
  const request = { name: "Shop", idempotencyKey: `k-${key}` };
  return (await rpc(client.registerApplication(request, { timeoutMs: 3_000 }))).application?.name ?? "";
};

it("gives each of three servers 20 to 45 percent of the calls", async () => {
  const { client, transport } = await threeServers();
  await eventually(async () =>
    expect(new Set(await Promise.all(Array.from({ length: 9 }, () => read(client)))).size).toBe(3),
  );
  const counts: Record<string, number> = {};
  const names = await Promise.all(
    Array.from({ length: 600 }, (_, i) => (i % 2 ? read(client) : mutate(client))),
  );
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1;
  for (const name of ["one", "two", "three"]) {
    expect(counts[name]).toBeGreaterThanOrEqual(120);
    expect(counts[name]).toBeLessThanOrEqual(270);
  }
  transport[Symbol.dispose]();
});

it("loses no read and no keyed mutation when a server is killed, and uses it again when it is back", async () => {
  const { servers, client, transport } = await threeServers();
  const failures: unknown[] = [];
  const answers: string[] = [];
  let isOver = false;
  const work = async (call: (client: Client) => Promise<string>): Promise<void> => {
    while (!isOver) {
      await call(client).then(
        (name) => answers.push(name),
        (error) => failures.push(error),
      );
    }
  };
  const workers = Array.from({ length: 40 }, (_, i) => work(i % 2 ? read : mutate));
  await eventually(() => expect(new Set(answers).size).toBe(3));
  const [victim] = servers;
  const exited = once(victim?.child as ChildProcess, "exit");
  victim?.child.kill("SIGKILL");
  await exited;
  const madeBefore = answers.length;
  await eventually(() => expect(answers.length - madeBefore).toBeGreaterThan(500), { withinMs: 15_000 });
  expect(new Set(answers.slice(-200))).toEqual(new Set(["two", "three"]));
  await startNamed("again", victim?.address.split(":")[1]);
  await eventually(() => expect(answers.slice(-200)).toContain("again"), { withinMs: 10_000 });
  isOver = true;
  await Promise.all(workers);
  transport[Symbol.dispose]();
  expect(failures).toEqual([]);
});

it("gives up a peer that never speaks long before the call's own time", async () => {
  // It takes the connection and never says a word, as a host that hangs does.
  const mute = createServer((socket) => socket.on("error", () => undefined));
  mute.listen(0, "127.0.0.1");
  await once(mute, "listening");
  const { port } = mute.address() as { port: number };
  using transport = grpcTransport(`127.0.0.1:${port}`);
  const client = rpcClient(ApplicationsService, transport);
  const begunMs = performance.now();
  const call = rpc(client.registerApplication({ name: "Shop" }, { timeoutMs: 30_000 }));
  await expect(call).rejects.toMatchObject({ reason: "SERVICE_UNAVAILABLE" });
  expect(performance.now() - begunMs).toBeLessThan(5_000);
  mute.close();
});

it("answers a call that takes long although its server drains meanwhile", async () => {
  const slow = await startNamed("slow");
  using transport = grpcTransport(slow.address);
  const request = { applicationId: 1n, name: "slow" };
  const call = rpc(rpcClient(ApplicationsService, transport).updateSettings(request, { timeoutMs: 25_000 }));
  await sleep(500);
  slow.child.kill("SIGTERM");
  expect((await call).application?.name).toBe("slow");
});
