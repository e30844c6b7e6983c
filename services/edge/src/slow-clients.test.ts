import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { CREDENTIALS, type EdgeHarness, startEdge } from "./testing/edge-harness.ts";
import { openSocket, type RawSocket } from "./testing/raw-socket.ts";

/**
 * Real: sockets, HTTP, the app. Doubles: services of a few lines. Oracle: reliability.md §8, F48. The limits are small
 * here, since what is proved is which of them ends what; that the real ones are in force is the configuration's test.
 */
let edge: EdgeHarness;

beforeAll(async () => {
  const env = {
    HEADERS_TIMEOUT_MS: "600",
    REQUEST_TIMEOUT_MS: "900",
    CONNECTION_CHECK_MS: "50",
    STALLED_TIMEOUT_MS: "400",
    KEEP_ALIVE_TIMEOUT_MS: "100",
    MAX_REQUESTS_PER_CONNECTION: "3",
  };
  edge = await startEdge({ env });
});
afterAll(async () => {
  await edge[Symbol.asyncDispose]();
});

const SECRETS = Object.entries(CREDENTIALS).map(([name, value]) => `${name}: ${value}\r\n`);
const POST = `POST /api/v1/payments HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n${SECRETS.join("")}`;
const ME = "GET /api/v1/app/me HTTP/1.1\r\nhost: localhost\r\n";

/** One more byte at a time, so that the connection is never silent. */
function drip(connection: RawSocket, byte: string): Disposable {
  const timer = setInterval(() => connection.socket.write(byte), 20);
  return { [Symbol.dispose]: () => clearInterval(timer) };
}

/** All that somebody gets who sends these bytes and then one more byte at a time. */
async function answersTo(first: string, byte: string): Promise<readonly string[]> {
  using connection = await openSocket(edge.app.url);
  using _dripping = drip(connection, byte);
  if (first !== "") connection.socket.write(first);
  await connection.closed;
  return [...connection.received().matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status = ""]) => status);
}

describe("a client that takes its time is shown out, and nobody waits for it", () => {
  const rows: readonly [name: string, first: string, byte: string][] = [
    ["says nothing at all", "", ""],
    ["drips its request line", "G", "E"],
    ["drips its headers", `${ME}x-slow: `, "y"],
    ["stops inside its headers", `${ME}x-slow: y`, ""],
    ["drips its body", `${POST}content-length: 60000\r\n\r\n{`, " "],
    ["stops inside its body", `${POST}content-length: 10\r\n\r\n{`, ""],
    ["drips chunks", `${POST}transfer-encoding: chunked\r\n\r\n`, "1\r\nx\r\n"],
    ["never ends its last chunk", `${POST}transfer-encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n`, ""],
  ];
  test("each is closed by its own limit, and others are answered meanwhile", async () => {
    const early = "POST /api/v1/payments HTTP/1.1\r\nhost: localhost\r\ncontent-length: 60000\r\n\r\n";
    const ending = rows.map(async ([name, first, byte]) => [name, await answersTo(first, byte)] as const);
    const refusedEarly = answersTo(early, "x");
    await expect.poll(() => edge.call("GET", "/api/v1/app/me")).toMatchObject({ status: 200 });
    expect(await Promise.all(ending)).toEqual(rows.map(([name]) => [name, ["400"]]));
    // Whoever was answered before the end of the request gets no second answer.
    expect(await refusedEarly).toEqual(["401"]);
  });

  test("who asks and does not read loses the connection, even while sending on", async () => {
    await using patient = await startEdge({
      env: { STALLED_TIMEOUT_MS: "300", CONNECTION_CHECK_MS: "50" },
    });
    await patient.send("GET", "/docs/assets/swagger-ui-bundle.js");
    const asset = "GET /docs/assets/swagger-ui-bundle.js HTTP/1.1\r\nhost: localhost\r\n\r\n";
    using reader = await openSocket(patient.app.url);
    reader.socket.pause();
    reader.socket.write(asset.repeat(20));
    using _dripping = drip(reader, "\r\n");
    // A paused socket is told nothing, so the end shows only as an answer that breaks off.
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    reader.socket.resume();
    await reader.closed;
    expect(reader.received().split("HTTP/1.1 200").length - 1).toBeLessThan(20);
  });

  test("an idle connection is kept for the time that was announced", async () => {
    using connection = await openSocket(edge.app.url);
    connection.socket.write(`${ME}\r\n`);
    await connection.closed;
    expect(connection.received()).toMatch(/^HTTP\/1\.1 401 /);
  });
});

describe("connections are counted", () => {
  test("three requests and no more go over one", async () => {
    using connection = await openSocket(edge.app.url);
    connection.socket.write(`${ME}\r\n`.repeat(3));
    await connection.closed;
    const answers = connection.received().split("HTTP/1.1 401").slice(1);
    expect(answers).toHaveLength(3);
    expect(answers[2]?.toLowerCase()).toContain("connection: close");
  });

  test("one address has so many and no more, and one that ends makes room", async () => {
    await using few = await startEdge({ env: { MAX_CONNECTIONS_PER_ADDRESS: "3" } });
    const open = await Promise.all([1, 2, 3].map(() => openSocket(few.app.url)));
    using fourth = await openSocket(few.app.url);
    fourth.socket.write(`${ME}\r\n`);
    await fourth.closed;
    expect(fourth.received()).toBe("");
    open[0]?.socket.destroy();
    await open[0]?.closed;
    await expect
      .poll(() => few.send("GET", "/api/v1/app/me").catch(() => null))
      .toMatchObject({ status: 401 });
    for (const { socket } of open) socket.destroy();
  });

  test("all together have so many and no more", async () => {
    await using few = await startEdge({ env: { MAX_CONNECTIONS: "2" } });
    const open = await Promise.all([1, 2].map(() => openSocket(few.app.url)));
    using third = await openSocket(few.app.url);
    await third.closed;
    expect(third.received()).toBe("");
    for (const { socket } of open) socket.destroy();
  });

  test("behind a proxy everybody has its address, so nobody is counted", async () => {
    await using proxied = await startEdge({
      env: { MAX_CONNECTIONS_PER_ADDRESS: "", TRUSTED_PROXY_HOPS: "1" },
    });
    const open = await Promise.all(Array.from({ length: 150 }, () => openSocket(proxied.app.url)));
    expect((await proxied.send("GET", "/api/v1/app/me")).status).toBe(401);
    for (const { socket } of open) socket.destroy();
  });
});
