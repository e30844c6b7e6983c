import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { CHECKOUT } from "./application/checkouts.contract.ts";
import { CREDENTIALS, type EdgeHarness, expectRefusal, startEdge } from "./testing/edge-harness.ts";
import { openSocket, sendBytes } from "./testing/raw-socket.ts";

/** Real: sockets, HTTP, the app. Doubles: services of a few lines. Oracle: reliability.md §8, F47. */
let edge: EdgeHarness;

beforeAll(async () => {
  edge = await startEdge({ env: { RATE_LIMIT_ADDRESS_RPS: "1000000", ALLOWED_HOSTS: "Pay.Example" } });
  edge.checkouts.put(CHECKOUT);
});
afterAll(async () => {
  await edge[Symbol.asyncDispose]();
});
beforeEach(() => {
  edge.payments.calls.length = 0;
  edge.payments.gate = null;
});

const ME = "/api/v1/app/me";
const PAY = "/api/v1/payments";
const SECRETS = Object.entries(CREDENTIALS).map(([name, value]) => `${name}: ${value}\r\n`);
const get = (path: string, headers = "host: localhost\r\n") => `GET ${path} HTTP/1.1\r\n${headers}\r\n`;
const post = (headers: string, body: string) =>
  `POST ${PAY} HTTP/1.1\r\nhost: localhost\r\n${SECRETS.join("")}content-type: application/json\r\n${headers}\r\n${body}`;

function expectRefusedAndClosed(answer: string): void {
  expect(answer).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/);
  const [head = "", body = ""] = answer.split("\r\n\r\n");
  expect(head.toLowerCase()).toContain("connection: close");
  expect(head.toLowerCase()).toContain('errors#validation_error>; rel="help"');
  expect(head.toLowerCase()).toContain("x-content-type-options: nosniff");
  expect(head).not.toMatch(/^server:|node|fastify/im);
  expect(JSON.parse(body).meta).toMatchObject({ success: false, errorCode: "VALIDATION_ERROR" });
}

describe("Host", () => {
  const rows: readonly [name: string, bytes: string][] = [
    ["none", get(ME, "")],
    ["an empty one", get(ME, "host:\r\n")],
    ["the same one twice", get(ME, "host: localhost\r\nhost: localhost\r\n")],
    ["a second one in other letters", get(ME, "host: localhost\r\nHOST: evil.example\r\n")],
    ["a stranger", get(ME, "host: evil.example\r\n")],
    ["ours inside a stranger's", get(ME, "host: localhost.evil.example\r\n")],
    ["a user name before a stranger", get(ME, "host: localhost@evil.example\r\n")],
    ["two in one line", get(ME, "host: localhost, evil.example\r\n")],
    ["an absolute target of a stranger", get("http://evil.example/api/v1/app/me")],
    ["an absolute target of our own", get("http://localhost/api/v1/app/me")],
    ["a target without slash", get("api/v1/app/me")],
    ["a star that is no OPTIONS", get("*")],
    ["a stranger and a target that cannot be decoded", get("/%zz", "host: evil.example\r\n")],
  ];
  test.each(rows)("%s: 400, and the connection ends", async (_, bytes) => {
    expectRefusedAndClosed(await edge.raw(bytes));
    expect(edge.payments.calls).toEqual([]);
  });

  test.each(["localhost", "LOCALHOST:9999", "127.0.0.1", "[::1]:8080", "pay.example"])(
    "%s is served",
    async (host) => {
      const answer = await edge.send("GET", ME, { headers: { ...CREDENTIALS, host } });
      expect(answer.status).toBe(200);
    },
  );

  test("OPTIONS * asks about the whole server", async () => {
    const answer = await edge.send("OPTIONS", "*");
    expect(answer).toMatchObject({ status: 204, text: "" });
    expect(answer.headers.allow).toBe("GET, HEAD, OPTIONS, POST");
  });

  test("what a proxy claims about host and protocol changes nothing", async () => {
    const headers = {
      "x-forwarded-host": "evil.example",
      "x-forwarded-proto": "https",
      forwarded: "host=evil.example",
    };
    const answer = await edge.send("GET", `/api/v1/checkout/${CHECKOUT.reference}`, { headers });
    expect(JSON.parse(answer.text).data.gatewayRedirectUrl).toMatch(/^http:\/\/localhost:\d+\/checkout\//);
  });
});

const BROKEN: readonly [name: string, bytes: string][] = [
  ["length and chunks", post("content-length: 5\r\ntransfer-encoding: chunked\r\n", "0\r\n\r\n")],
  ["chunks and length", post("transfer-encoding: chunked\r\ncontent-length: 5\r\n", "0\r\n\r\n")],
  ["two lengths", post("content-length: 2\r\ncontent-length: 3\r\n", "{}x")],
  ["the same length twice", post("content-length: 2\r\ncontent-length: 2\r\n", "{}")],
  ["two lengths in one line", post("content-length: 2, 2\r\n", "{}")],
  ["a signed length", post("content-length: +2\r\n", "{}")],
  ["a negative length", post("content-length: -1\r\n", "{}")],
  ["a length in hexadecimal", post("content-length: 0x2\r\n", "{}")],
  ["a length without number", post("content-length: \r\n", "{}")],
  ["a length that overflows", post("content-length: 18446744073709551618\r\n", "{}")],
  ["chunks that are not last", post("transfer-encoding: chunked, identity\r\n", "0\r\n\r\n")],
  ["an unknown encoding", post("transfer-encoding: xchunked\r\n", "0\r\n\r\n")],
  ["an encoding with a tail", post("transfer-encoding: chunked;x=y\r\n", "0\r\n\r\n")],
  ["a folded header", get(ME, "host: localhost\r\nx-a: 1\r\n transfer-encoding: chunked\r\n")],
  ["a folded encoding", post("transfer-encoding:\r\n chunked\r\n", "0\r\n\r\n")],
  ["bare line feeds", "GET /api/v1/app/me HTTP/1.1\nhost: localhost\n\n"],
  ["one bare line feed", get(ME, "host: localhost\nx-a: 1\r\n")],
  ["a bare carriage return", get(ME, "host: localhost\rx-a: 1\r\n")],
  ["a blank before the colon", post("content-length : 2\r\n", "{}")],
  ["a header without colon", get(ME, "host: localhost\r\nnothing\r\n")],
  ["NUL in a header", get(ME, "host: localhost\r\nx-a: a\0b\r\n")],
  ["no HTTP", "hello\r\n\r\n"],
  ["an unknown version", "GET / HTTP/3.7\r\nhost: localhost\r\n\r\n"],
  ["HTTP/2 without being asked", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"],
  ["a chunk size that is no number", post("transfer-encoding: chunked\r\n", "zz\r\n{}\r\n0\r\n\r\n")],
  ["a signed chunk size", post("transfer-encoding: chunked\r\n", "+2\r\n{}\r\n0\r\n\r\n")],
  ["a chunk size with prefix", post("transfer-encoding: chunked\r\n", "0x2\r\n{}\r\n0\r\n\r\n")],
  [
    "a chunk size that overflows",
    post("transfer-encoding: chunked\r\n", "fffffffffffffffff\r\n{}\r\n0\r\n\r\n"),
  ],
  ["a chunk that ends with a bare line feed", post("transfer-encoding: chunked\r\n", "2\r\n{}\n0\r\n\r\n")],
  ["a chunk longer than it says", post("transfer-encoding: chunked\r\n", "2\r\n{}xx\r\n0\r\n\r\n")],
];

describe("framing", () => {
  test.each(BROKEN)("%s: 400 and the connection ends", async (_, bytes) => {
    expectRefusedAndClosed(await edge.raw(bytes));
    expect(edge.payments.calls.filter((name) => name !== "AuthenticateCredential")).toEqual([]);
  });

  test("16 KiB of headers, and more than 64 of them, are refused", async () => {
    expectRefusedAndClosed(await edge.raw(get(ME, `host: localhost\r\nx-a: ${"y".repeat(16_384)}\r\n`)));
    const many = (count: number) => Array.from({ length: count }, (_, i) => `x-${i}: 1\r\n`).join("");
    expectRefusedAndClosed(await edge.raw(get(ME, `host: localhost\r\n${many(64)}`)));
    // The limit must not hide a second host behind it.
    expectRefusedAndClosed(await edge.raw(get(ME, `host: localhost\r\n${many(200)}host: evil.example\r\n`)));
    const fine = await edge.raw(get(ME, `host: localhost\r\nconnection: close\r\n${many(62)}`));
    expect(fine).toMatch(/^HTTP\/1\.1 401 /);
  });

  /** A fine request, a broken one, and one that must never be seen; 1,000 rounds here, 10,000 by hand with EDGE_PROBES. */
  test("nothing behind a broken request is ever read as a request", { timeout: 60_000 }, async () => {
    const rounds = Number(process.env.EDGE_PROBES ?? 1_000);
    const statuses = new Map<string, number>();
    const probe = async (round: number): Promise<void> => {
      const [, broken] = BROKEN[round % BROKEN.length] ?? ["", ""];
      const hidden = `GET /hidden-${round} HTTP/1.1\r\nhost: localhost\r\nx-request-id: hidden\r\n\r\n`;
      const answer = await sendBytes(edge.app.url, `${get("/first")}${broken}${hidden}`);
      expect(answer).not.toContain("hidden");
      const seen = [...answer.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => status).join(" ");
      statuses.set(seen, (statuses.get(seen) ?? 0) + 1);
    };
    for (let round = 0; round < rounds; round += 50) {
      await Promise.all(Array.from({ length: 50 }, (_, i) => probe(round + i)));
    }
    expect([...statuses.keys()]).toEqual(["404 400"]);
  });

  test("the answer to a broken request waits for the answers before it", async () => {
    const release = Promise.withResolvers<void>();
    const arrived = Promise.withResolvers<void>();
    edge.payments.gate = () => {
      arrived.resolve();
      return release.promise;
    };
    const fresh = `host: localhost\r\nx-api-key: oi_test_other\r\nx-api-secret: waits\r\n`;
    using connection = await openSocket(edge.app.url);
    connection.socket.write(get(ME, fresh));
    await arrived.promise;
    connection.socket.write("garbage\r\n\r\n");
    await edge.send("GET", "/first");
    expect(connection.received()).toBe("");
    release.resolve();
    await connection.closed;
    const statuses = [...connection.received().matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => status);
    expect(statuses).toEqual(["401", "400"]);
  });

  test("a request that was refused early gets no second answer when its rest is broken", async () => {
    using connection = await openSocket(edge.app.url);
    const head = `POST ${PAY} HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\n`;
    connection.socket.write(head);
    await expect.poll(connection.received).toContain("UNAUTHORIZED");
    connection.socket.write("zz\r\n");
    await connection.closed;
    expect(connection.received().match(/HTTP\/1\.1 /g)).toHaveLength(1);
  });
});

describe("every answer", () => {
  test("says neither what we run on nor that it may be kept or guessed", async () => {
    const answers = [
      await edge.call("GET", ME),
      await edge.send("GET", ME),
      await edge.send("OPTIONS", PAY),
      await edge.send("GET", "/%zz"),
      await edge.send("DELETE", PAY),
      await edge.call("POST", PAY, "{"),
      await edge.send("GET", `/checkout/${CHECKOUT.reference}`),
      await edge.send("POST", `/checkout/${CHECKOUT.reference}/pay`),
      await edge.send("POST", "/api/v1/gateways/sslcommerz/ipn"),
      await edge.send("GET", "/docs"),
    ];
    for (const { headers, text } of answers) {
      expect(headers["cache-control"]).toBe("no-store");
      expect(headers["x-content-type-options"]).toBe("nosniff");
      expect(headers["x-request-id"]).toMatch(/^[\x21-\x7e]+$/);
      expect(Object.keys(headers)).not.toEqual(expect.arrayContaining(["server", "x-powered-by", "via"]));
      expect(text).not.toMatch(/fastify|node:|\.ts\b|\n\s+at /);
      expect(headers["strict-transport-security"]).toBeUndefined();
    }
  });

  test("asks for https for good once the public address has it", async () => {
    await using secure = await startEdge({ env: { PUBLIC_URL: "https://pay.example" } });
    for (const path of [ME, "/docs", "/checkout/pay_x"]) {
      const answer = await secure.send("GET", path, { headers: { host: "pay.example" } });
      expect(answer.headers["strict-transport-security"]).toBe("max-age=31536000; includeSubDomains");
    }
  });

  test("a browser's complaint about a page is taken, whatever is in it", async () => {
    for (const body of ['[{"body":{"effectiveDirective":"script-src"}}]', "rubbish", ""]) {
      const headers = { "content-type": "application/reports+json" };
      expect((await edge.send("POST", "/csp-report", { headers, body })).status).toBe(204);
    }
    expectRefusal(await edge.send("GET", "/csp-report"), 405, "METHOD_NOT_ALLOWED");
  });
});
