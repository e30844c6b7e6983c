import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { GatewayCall } from "../adapters/sslcommerz/caller.ts";
import { sslcommerzGateway } from "../adapters/sslcommerz/sslcommerz-gateway.ts";
import type { GatewayWorld } from "../application/payment-gateway.contract.ts";
import type { RawCallback } from "../domain/gateway.ts";
import { createAdmin, DEADLINE_MS, PASSWORD, startSandbox } from "./sandbox-process.ts";

type Inbox = AsyncDisposable & {
  readonly url: string;
  /** The next notification about this reference. */
  next(merchantRef: string): Promise<RawCallback>;
};

/** The merchant's side: keeps the bytes of every notification as they came. */
async function openInbox(): Promise<Inbox> {
  const waiting = new Map<string, (callback: RawCallback) => void>();
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    response.end();
    const body = Buffer.concat(chunks);
    waiting.get(new URLSearchParams(body.toString("utf8")).get("tran_id") ?? "")?.({
      channel: "notification",
      method: request.method ?? "",
      contentType: request.headers["content-type"] ?? "",
      body,
      query: "",
      remoteAddress: request.socket.remoteAddress ?? "",
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    next: (merchantRef) => new Promise((resolve) => waiting.set(merchantRef, resolve)),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

/** Stands before the simulator; the adapter is told its address and nothing else. */
export type Doorway = AsyncDisposable & {
  readonly url: string;
  /** Where requests go on to. */
  leadTo(url: string): void;
};

/** The doorway leads to the simulator before it starts, since all the world finds it by that way. */
async function behind(doorway: Doorway): Promise<Record<string, string>> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  doorway.leadTo(`http://127.0.0.1:${port}`);
  return { PORT: String(port), SANDBOX_PUBLIC_URL: doorway.url };
}

/** The adapter and the simulator as a process, with the hands that make things true there. For tests only. */
export async function sandboxWorld(doorway: Doorway | null = null): Promise<GatewayWorld> {
  const sandbox = await startSandbox(doorway ? await behind(doorway) : {});
  const inbox = await openInbox();
  const { call, act, once } = createAdmin(sandbox);
  const calls: GatewayCall[] = [];
  const account = { ...sandbox.account, ...(doorway ? { baseUrl: doorway.url } : {}) };
  const deps = { observe: (finished: GatewayCall) => void calls.push(finished) };
  const gateway = sslcommerzGateway(account, deps);
  const unreachable = sslcommerzGateway({ ...account, baseUrl: "http://127.0.0.1:9" }, deps);
  return {
    gateway,
    unreachable,
    home: inbox.url,
    secrets: [PASSWORD],
    refuseSession: async (ref) => {
      await once(ref, { session: { set: { status: "FAILED", failedreason: "Store is De-active" } } });
    },
    pay: (ref) => act(ref, "success"),
    fail: (ref) => act(ref, "fail"),
    cancel: (ref) => act(ref, "cancel"),
    stall: async (operation, ref) => {
      await once(ref, { [operation]: { delayMs: DEADLINE_MS * 3 } });
    },
    async callback(merchantRef, sign) {
      const arrived = inbox.next(merchantRef);
      await call("callbacks", { tranId: merchantRef, channel: "ipn", status: "VALID", sign });
      return arrived;
    },
    refuseRefund: async (ref) => {
      const set = { status: "failed", refund_ref_id: "", errorReason: "Insufficient balance" };
      await once(ref, { refund: { set } });
    },
    cutRefund: async (ref) => {
      await once(ref, { refund: { cut: "after" } });
    },
    finishRefunds: async () => {
      await call("clock", { advanceMs: 10_000 });
    },
    traces: () => JSON.stringify(calls),
    async [Symbol.asyncDispose]() {
      await Promise.all([gateway, unreachable, inbox, sandbox].map((one) => one[Symbol.asyncDispose]()));
      await doorway?.[Symbol.asyncDispose]();
    },
  };
}
