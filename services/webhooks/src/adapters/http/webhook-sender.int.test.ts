import { gzipSync } from "node:zlib";
import { describe, expect, it, vi } from "vitest";
import type { Answer } from "../../application/ports.ts";
import { answer, openSink, type Play } from "../../testing/sink.ts";
import { createAddressPolicy } from "./address-policy.ts";
import { type AddressResolver, createAddressResolver } from "./address-resolver.ts";
import { type SenderOptions, undiciSender } from "./webhook-sender.ts";

const LOOPBACK = createAddressPolicy(["127.0.0.0/8"]);
const PUBLIC_ONLY = createAddressPolicy([]);

async function send(url: string, options: Partial<SenderOptions> = {}): Promise<Answer> {
  const policy = options.policy ?? LOOPBACK;
  await using sender = undiciSender({
    policy,
    resolver: createAddressResolver({ policy }),
    deadlineMs: 1_500,
    connectionsPerHost: 4,
    ...options,
  });
  const headers = { "X-Webhook-Id": "evt_1", "webhook-signature": "v1,x" };
  return await sender.send({ url, headers, body: Buffer.from("{}") });
}

async function sendTo(play: Play, options: Partial<SenderOptions> = {}): Promise<Answer> {
  await using sink = await openSink(play);
  return await send(sink.url, options);
}

const dripped: Play = (response) => {
  const timer = setInterval(() => response.write("x"), 50);
  response.on("close", () => clearInterval(timer));
};

describe("an attempt", () => {
  it("posts the bytes and reports the answer", async () => {
    await using sink = await openSink(answer(503, { "retry-after": "7" }));
    const got = await send(sink.url);
    expect(got).toMatchObject({
      finding: { outcome: "HTTP", error: "HTTP_STATUS" },
      status: 503,
      retryAfter: "7",
      remoteAddress: "127.0.0.1",
      responseHead: "ok",
    });
    expect(sink.received[0]).toMatchObject({ body: "{}", path: "/hook" });
    expect(sink.received[0]?.rawNames).toContain("X-Webhook-Id");
  });

  it("never follows a redirect", async () => {
    await using trap = await openSink();
    for (const status of [301, 302, 303, 307, 308]) {
      const got = await sendTo(answer(status, { location: trap.url }));
      expect(got).toMatchObject({ status, finding: { outcome: "HTTP", error: "REDIRECT_REFUSED" } });
    }
    expect(trap.connections()).toBe(0);
  });

  it("ends at its deadline when the receiver hangs, drips or answers for ever", async () => {
    const hung = await sendTo(() => undefined, { deadlineMs: 900 });
    expect(hung.finding.outcome).toBe("TIMEOUT");
    const drip = await sendTo(dripped, { deadlineMs: 900 });
    expect(drip).toMatchObject({ finding: { outcome: "TIMEOUT", error: "TIMEOUT_TOTAL" }, status: 200 });
    for (const got of [hung, drip]) expect(got.totalMs).toBeLessThan(1_800);
  });

  it("reads no more than it needs, however much is sent", async () => {
    let written = 0;
    const endless: Play = (response) => {
      const chunk = Buffer.alloc(64 * 1_024);
      const more = (): void => {
        while (!response.destroyed && response.write(chunk)) written += chunk.length;
      };
      response.on("drain", more);
      more();
    };
    expect((await sendTo(endless)).finding.outcome).toBe("OK");
    expect(written).toBeLessThan(64 * 1_024 * 1_024);
  });

  it("asks for plain bytes and never unpacks any", async () => {
    const bomb = gzipSync(Buffer.alloc(50 * 1_024 * 1_024));
    const got = await sendTo((response) => response.writeHead(200, { "content-encoding": "gzip" }).end(bomb));
    expect(got.finding.outcome).toBe("OK");
    expect(got.totalMs).toBeLessThan(1_000);
  });

  it("keeps a connection for a minute at most: the addresses are judged again with the next one", async () => {
    vi.useFakeTimers({ toFake: ["performance"], now: 1_000 });
    await using back = new AsyncDisposableStack();
    back.defer(() => void vi.useRealTimers());
    await using sink = await openSink();
    const resolver = createAddressResolver({ policy: LOOPBACK });
    await using sender = undiciSender({
      policy: LOOPBACK,
      resolver,
      deadlineMs: 1_500,
      connectionsPerHost: 1,
    });
    const post = async (n: number): Promise<number> => {
      await sender.send({
        url: sink.url,
        headers: { "webhook-signature": `v1,${n}` },
        body: Buffer.from("{}"),
      });
      return sink.connections();
    };
    expect([await post(1), await post(2)]).toEqual([1, 1]);
    vi.advanceTimersByTime(61_000);
    expect([await post(3), await post(4)]).toEqual([2, 2]);
  });

  it("names what went wrong with the connection", async () => {
    const sink = await openSink((response) => response.destroy());
    expect((await send(sink.url)).finding).toEqual({ outcome: "CONNECT", error: "CONNECTION_RESET" });
    expect((await send(sink.url.replace("http:", "https:"))).finding).toEqual({
      outcome: "TLS",
      error: "TLS_INVALID",
    });
    await sink[Symbol.asyncDispose]();
    expect((await send(sink.url)).finding).toEqual({ outcome: "CONNECT", error: "CONNECTION_REFUSED" });
  });
});

describe("the address guards", () => {
  const resolving = (...answers: readonly (readonly string[])[]): AddressResolver => {
    let n = 0;
    return { resolve: async () => answers[Math.min(n++, answers.length - 1)] ?? [] };
  };

  it("open no connection to loopback, by any spelling", async () => {
    await using trap = await openSink();
    const spellings = [
      "127.0.0.1",
      "2130706433",
      "0x7f.1",
      "127.1",
      "①②⑦.0.0.1",
      "[::ffff:7f00:1]",
      "[::ffff:127.0.0.1]",
    ];
    for (const host of [...spellings, "localhost", "a.localhost", "localhost."]) {
      const got = await send(`http://${host}:${trap.port}/`, { policy: PUBLIC_ONLY });
      expect(["BLOCKED", "DNS"], host).toContain(got.finding.outcome);
    }
    expect(trap.connections()).toBe(0);
  });

  it("refuse a name when one of its addresses is private", async () => {
    await using trap = await openSink();
    const url = `https://shop.example:${trap.port}/`;
    const mixed = resolving(["93.184.216.34", "127.0.0.1"]);
    const got = await send(url.replace(/:\d+/, ":8443"), { policy: PUBLIC_ONLY, resolver: mixed });
    expect(got.finding).toEqual({ outcome: "BLOCKED", error: "ADDRESS_BLOCKED" });
    expect(trap.connections()).toBe(0);
  });

  it("refuse plain http and other ports towards public addresses", async () => {
    const resolver = resolving(["93.184.216.34"]);
    for (const url of ["http://shop.example/", "https://shop.example:9000/"]) {
      expect((await send(url, { resolver })).finding.outcome, url).toBe("BLOCKED");
    }
  });

  it("connect to the address that was judged, not to what the name says a moment later", async () => {
    await using sink = await openSink();
    const rebinding = resolving(["127.0.0.1"], ["127.0.0.1"], ["10.0.0.1"]);
    const got = await send(`http://shop.example:${sink.port}/`, { resolver: rebinding });
    expect(got.finding.outcome).toBe("OK");
    expect(sink.received[0]?.headers.host).toBe(`shop.example:${sink.port}`);
    const swapped = resolving(["127.0.0.1"], ["10.0.0.1"]);
    expect((await send(`http://shop.example:${sink.port}/`, { resolver: swapped })).finding.outcome).toBe(
      "BLOCKED",
    );
    expect(sink.received).toHaveLength(1);
  });

  it("fall back to another address of the same name when one refuses", async () => {
    await using sink = await openSink();
    const resolver = resolving(["127.0.0.2", "127.0.0.1"]);
    expect((await send(`http://shop.example:${sink.port}/`, { resolver })).finding.outcome).toBe("OK");
  });

  it("know localhost without asking anybody, inside the allow-list", async () => {
    await using sink = await openSink();
    expect((await send(`http://localhost:${sink.port}/`)).finding.outcome).toBe("OK");
    expect((await send(`http://shop.localhost:${sink.port}/`)).finding.outcome).toBe("OK");
  });
});
