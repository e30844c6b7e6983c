import type { ServerResponse } from "node:http";
import { createServer } from "node:net";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { PaymentGateway } from "../../application/payment-gateway.ts";
import {
  CANARY_PASSWORD,
  type Reply,
  type ScriptedServer,
  scriptedAccount,
  startScriptedServer,
} from "../../testing/scripted-server.ts";
import { parseRetryAfter } from "./answer.ts";
import type { GatewayCall } from "./caller.ts";
import type { GatewayClock } from "./clock.ts";
import { sslcommerzGateway } from "./sslcommerz-gateway.ts";

const ATTEMPT = { merchantRef: "pay_x-1", sessionKey: null };
const OPEN = {
  APIConnect: "DONE",
  no_of_trans_found: "1",
  element: [{ tran_id: "pay_x-1", status: "PROCESSING" }],
};
const signal = (): AbortSignal => new AbortController().signal;

const raw =
  (body: string | Buffer, status = 200, headers: Record<string, string> = {}): Reply =>
  (response) =>
    void response.writeHead(status, headers).end(body);

function drip(response: ServerResponse): void {
  response.writeHead(200);
  const timer = setInterval(() => response.write(" "), 20);
  response.on("close", () => clearInterval(timer));
}

let server: ScriptedServer;
let gateway: PaymentGateway & AsyncDisposable;
let calls: GatewayCall[];
let slept: number[];
let laterMs = 0;

/** Real time and what a test adds to it, but no sleep lasts; what was asked for is noted. */
const clock: GatewayClock = {
  now: () => Date.now() + laterMs,
  sleep: async (ms) => {
    slept.push(ms);
    return true;
  },
};

beforeAll(async () => {
  server = await startScriptedServer();
});
afterAll(() => server[Symbol.asyncDispose]());
beforeEach(() => {
  [calls, slept] = [[], []];
  gateway = sslcommerzGateway(scriptedAccount(server.url), { clock, observe: (call) => calls.push(call) });
});
afterEach(() => gateway[Symbol.asyncDispose]());

async function inquireWith(...replies: readonly Reply[]) {
  server.script("query", ...replies);
  return gateway.inquire(ATTEMPT, signal());
}

const unknown = (cause: string) => ({ outcome: "unknown", cause, sent: true });

describe("an answer that is no outcome", () => {
  it.each([
    ["an HTML page", raw("<!doctype html><p>maintenance"), "not_json"],
    ["an empty body", raw(""), "not_json"],
    ["a bare word", raw("null"), "not_json"],
    ["truncated JSON", raw('{"APIConnect":"DONE","element":[{"st'), "truncated"],
    ["an array", raw("[1]"), "contradiction"],
    ["no APIConnect", raw("{}"), "contradiction"],
    ["no element", raw('{"APIConnect":"DONE","no_of_trans_found":1}'), "contradiction"],
    ["more than 512 KiB", raw(`{"x":"${"a".repeat(524_288)}"}`), "too_large"],
    ["ten megabytes", raw(Buffer.alloc(10_000_000, " ")), "too_large"],
    ["a slow drip", drip, "timeout"],
    ["silence", () => {}, "timeout"],
    ["a redirect", raw("", 302, { location: "/elsewhere" }), "http_status"],
    ["a refusal", raw("{}", 403), "http_status"],
    ["APIConnect FAILED", { APIConnect: "FAILED" }, "refused_at_door"],
    ["APIConnect INACTIVE", { APIConnect: "inactive " }, "refused_at_door"],
    ["an unheard-of APIConnect", { APIConnect: "SOON" }, "unlisted_status"],
    ["compression that was not asked for", raw(Buffer.from([0x1f, 0x8b, 8]), 200), "not_json"],
  ] as [string, Reply, string][])("is unknown: %s", async (_, reply, cause) => {
    expect(await inquireWith(reply)).toEqual(unknown(cause));
  });

  it("is read with leading blanks and a byte order mark", async () => {
    const reply = raw(`\u{feff}\n ${JSON.stringify(OPEN)}`);
    expect(await inquireWith(reply)).toEqual({ outcome: "pending", phase: "open" });
  });
});

describe("a read that failed on the way", () => {
  it.each([
    ["a cut before the answer", (response: ServerResponse) => void response.socket?.destroy(), "connection"],
    [
      "a cut inside the answer",
      (response: ServerResponse) => {
        response.writeHead(200, { "content-length": "100" }).write('{"APIConnect"');
        setTimeout(() => response.socket?.destroy(), 10);
      },
      "connection",
    ],
    ["a server error", raw("{}", 500), "http_status"],
    ["a gateway error", raw("<html>", 502), "http_status"],
  ] as [string, Reply, string][])("is repeated once after 500 ms: %s", async (_, reply, cause) => {
    const before = server.received.length;
    expect(await inquireWith(reply, OPEN)).toEqual({ outcome: "pending", phase: "open" });
    expect(await inquireWith(reply)).toEqual(unknown(cause));
    expect(server.received.length - before).toBe(4);
    expect(slept).toEqual([500, 500]);
    expect(calls.map((call) => call.tries)).toEqual([2, 2]);
  });

  it("is not repeated for anything else", async () => {
    await inquireWith(raw("<html>"));
    await inquireWith(raw("{}", 404));
    expect(slept).toEqual([]);
  });
});

describe("the way to the gateway", () => {
  it("honours Retry-After: the answer says it and no call leaves before", async () => {
    const limited = await inquireWith(raw("slow down", 429, { "retry-after": "7" }), OPEN);
    expect(limited).toEqual({ ...unknown("throttled"), retryAfterMs: 7_000 });
    const before = server.received.length;
    const next = await inquireWith(OPEN);
    expect(next).toMatchObject({ outcome: "unknown", cause: "throttled", sent: false });
    expect(server.received.length).toBe(before);
  });

  it.each([
    ["7", 7_000],
    ["Thu, 01 Jan 1970 00:00:09 GMT", 8_000],
    ["Thu, 01 Jan 1970 00:00:00 GMT", 0],
    ["86400", 300_000],
    ["soon", undefined],
    ["-5", undefined],
    ["", undefined],
    [null, undefined],
  ])("reads Retry-After %j as at most five minutes", (text, ms) => {
    expect(parseRetryAfter(text, 1_000)).toBe(ms);
  });

  it("sends nothing once the caller has given up, and calls a call given up underway sent", async () => {
    const before = server.received.length;
    expect(await gateway.inquire(ATTEMPT, AbortSignal.abort())).toEqual({
      ...unknown("timeout"),
      sent: false,
    });
    expect(server.received.length).toBe(before);
    server.script("query", () => {});
    expect(await gateway.inquire(ATTEMPT, AbortSignal.timeout(50))).toEqual(unknown("timeout"));
  });

  it("opens the breaker after five unanswered calls and says that nothing was sent", async () => {
    for (let i = 0; i < 5; i++) expect(await inquireWith(raw("", 503))).toEqual(unknown("http_status"));
    const before = server.received.length;
    const refused = await inquireWith(OPEN);
    expect(refused).toMatchObject({ outcome: "unknown", cause: "breaker_open", sent: false });
    expect(server.received.length).toBe(before);
    expect(await gateway.probe(signal())).toEqual({ healthy: false, note: "breaker_open" });
  });

  it("sends one probe while the breaker is open, and does not repeat it", async () => {
    for (let i = 0; i < 5; i++) await inquireWith(raw("", 503));
    laterMs += 10_000;
    const before = server.received.length;
    expect(await inquireWith(raw("", 503))).toEqual(unknown("http_status"));
    expect(await inquireWith(OPEN)).toMatchObject({ cause: "breaker_open" });
    expect(server.received.length - before).toBe(1);
  });

  it("does not blame the gateway for callers that give up", async () => {
    server.script("query", () => {});
    for (let i = 0; i < 6; i++) await gateway.inquire(ATTEMPT, AbortSignal.timeout(10));
    expect(await inquireWith(OPEN)).toEqual({ outcome: "pending", phase: "open" });
  });

  it("knows that nothing was sent when nobody listens or the name is unknown", async () => {
    const closed = createServer().listen(0, "127.0.0.1");
    await new Promise((resolve) => closed.once("listening", resolve));
    const address = closed.address();
    const port = typeof address === "object" ? address?.port : 0;
    await new Promise((resolve) => closed.close(resolve));
    for (const url of [`http://127.0.0.1:${port}`, "http://gateway.invalid:8099"]) {
      await using nobody = sslcommerzGateway(scriptedAccount(url, { deadlines: { read: 5_000 } }), { clock });
      const verdict = await nobody.inquire(ATTEMPT, signal());
      expect(verdict).toEqual({ outcome: "unknown", cause: "connection", sent: false });
    }
  });

  it("tells the observer names and numbers, never the password", async () => {
    await inquireWith(OPEN);
    await inquireWith((response) => void response.socket?.destroy());
    expect(calls[0]).toMatchObject({ operation: "query", result: "answered", tries: 1, httpStatus: 200 });
    expect(calls[0]?.request).toContain("(tran_id, store_id, store_passwd, v, format)");
    expect(calls[1]).toMatchObject({ result: "connection", sent: true, tries: 2, httpStatus: null });
    expect(server.received.at(-1)?.params.get("store_passwd")).toBe(CANARY_PASSWORD);
    expect(JSON.stringify(calls)).not.toContain("canary");
  });
});
