import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { ApplicationsService } from "@oi/proto/payments/v1/applications_service";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type GrpcTransport, grpcTransport, type RpcClient, rpcClient } from "./client.ts";
import { rpc } from "./errors.ts";

/**
 * Real: the gRPC door in a process of its own, and clients that write HTTP/2 frames by hand. Judge: the memory of that
 * process and a well-behaved client beside each flood.
 */
const SCRIPT = fileURLToPath(new URL("../testing/named-server.ts", import.meta.url));
const FLOOD = fileURLToPath(new URL("../testing/http2-flood.ts", import.meta.url));
const MIB = 1024 * 1024;
/** Ten thousand streams of 64 KiB each would be five times as much. */
const GROWTH_LIMIT = 128 * MIB;
const FLOOD_MS = 2_000;

let child: ChildProcess;
let address: string;
let transport: GrpcTransport;
let client: RpcClient<typeof ApplicationsService>;

beforeAll(async () => {
  child = spawn(process.execPath, [SCRIPT, "door"], { stdio: ["ignore", "pipe", "inherit"] });
  const [line] = (await once(child.stdout as NodeJS.ReadableStream, "data")) as [Buffer];
  address = line.toString().trim();
  transport = grpcTransport(address);
  client = rpcClient(ApplicationsService, transport);
  // The first hundreds of calls warm the process up.
  for (let i = 0; i < 20; i++) await Promise.all(Array.from({ length: 50 }, healthyCall));
});

afterAll(() => {
  transport[Symbol.dispose]();
  child.kill("SIGKILL");
});

/** The memory that the door has, as it answers. */
async function healthyCall(): Promise<number> {
  const { application } = await client.getApplication({ applicationId: 1n }, { timeoutMs: 2_000 });
  return Number(application?.id ?? 0n);
}

type Samples = { readonly calls: number; readonly growth: number };

/** Calls one after the other until `isOver`; every one has to be answered. */
async function sample(isOver: () => boolean): Promise<Samples> {
  const before = await healthyCall();
  const memory: number[] = [];
  while (!isOver()) {
    memory.push(await healthyCall());
    await sleep(5);
  }
  return { calls: memory.length, growth: Math.max(...memory) - before };
}

async function whileFlooded(kind: string): Promise<Samples & { readonly cut: number }> {
  const attacker = spawn(process.execPath, [FLOOD, address, kind, String(FLOOD_MS)], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let out = "";
  attacker.stdout.on("data", (chunk) => {
    out += String(chunk);
  });
  let isOver = false;
  const ended = once(attacker, "close").then(() => {
    isOver = true;
  });
  const samples = await sample(() => isOver);
  await ended;
  return { ...samples, cut: Number(out) };
}

/** Each answer is waited for at most two seconds, and a late one fails the test by itself. */
function expectUnharmed({ growth, calls }: Samples): void {
  expect(growth).toBeLessThan(GROWTH_LIMIT);
  expect(calls).toBeGreaterThan(20);
}

it.each([
  "rapid resets",
  "ten thousand streams",
  "settings that are never read",
  "settings",
  "pings that are never read",
  "pings",
  "headers without an end",
])("%s are cut off, fill no memory and keep nobody else from being answered", async (kind) => {
  const seen = await whileFlooded(kind);
  expect(seen.cut).toBeGreaterThan(0);
  expectUnharmed(seen);
});

it.each(["headers that unpack to megabytes", "messages without an end"])(
  "%s are refused one by one, fill no memory and keep nobody else from being answered",
  async (kind) => {
    expectUnharmed(await whileFlooded(kind));
  },
);

it("takes a message of a mebibyte and refuses a larger one", async () => {
  const call = (bytes: number) =>
    rpc(client.registerApplication({ name: "x".repeat(bytes), idempotencyKey: "k" }));
  await expect(call(MIB - 100)).rejects.toMatchObject({ reason: "VALIDATION_ERROR" });
  await expect(call(MIB + 100)).rejects.toMatchObject({ reason: "SERVICE_UNAVAILABLE" });
});
