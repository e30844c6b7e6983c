import { Agent, request } from "node:http";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { fc } from "@fast-check/vitest";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { parseJsonBody } from "./adapters/http/json-body.ts";
import { mutatedBodies } from "./testing/bad-bodies.ts";
import { CREDENTIALS, type EdgeHarness, expectRefusal, startEdge } from "./testing/edge-harness.ts";
import { openSocket } from "./testing/raw-socket.ts";

/** Real: sockets, HTTP, the app. Doubles: services of a few lines. Oracle: reliability.md §8, F43–F46. */
let edge: EdgeHarness;
const agent = new Agent({ keepAlive: true, maxSockets: 8 });

beforeAll(async () => {
  edge = await startEdge();
});
afterAll(async () => {
  agent.destroy();
  await edge[Symbol.asyncDispose]();
});
beforeEach(() => {
  edge.payments.created.length = 0;
  edge.payments.calls.length = 0;
  edge.payments.requestIds.length = 0;
});

const PATH = "/api/v1/payments";
const HEAD = [
  `POST ${PATH} HTTP/1.1`,
  "host: localhost",
  "content-type: application/json",
  ...Object.entries(CREDENTIALS).map(([name, value]) => `${name}: ${value}`),
].join("\r\n");

setFlagsFromString("--expose-gc");
const collectGarbage: () => void = runInNewContext("gc");

/** What this thread alone holds; other tests may run in the same process. */
function heldBytes(): number {
  collectGarbage();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

describe("bodies without end", () => {
  const rows: readonly [name: string, head: string, status: number][] = [
    ["with credentials", HEAD, 413],
    ["without credentials", `POST ${PATH} HTTP/1.1\r\nhost: localhost`, 401],
    ["to no path at all", "POST /nothing HTTP/1.1\r\nhost: localhost", 404],
  ];
  test.each(rows)(
    "in chunks, %s: closed long before they are over, and nothing is kept",
    async (_, head, status) => {
      await edge.call("POST", PATH, "x".repeat(70_000));
      const before = heldBytes();
      using connection = await openSocket(edge.app.url);
      const { socket } = connection;
      const chunk = Buffer.concat([Buffer.from("10000\r\n"), Buffer.alloc(65_536, "x"), Buffer.from("\r\n")]);
      socket.write(`${head}\r\ntransfer-encoding: chunked\r\n\r\n`);
      if (status !== 413) await expect.poll(connection.received).toContain("HTTP/1.1");
      let sent = 0;
      const feed = (): void => {
        while (sent < 1_024 && !socket.destroyed && socket.write(chunk)) sent += 1;
      };
      socket.on("drain", feed);
      feed();
      await connection.closed;
      expect(connection.received()).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
      expect(sent).toBeLessThan(512);
      expect(heldBytes() - before).toBeLessThan(20 * 1_048_576);
    },
  );

  test("an announced size is believed before a byte has come", async () => {
    using connection = await openSocket(edge.app.url);
    connection.socket.write(`${HEAD}\r\ncontent-length: 1073741824\r\n\r\nx`);
    await connection.closed;
    expect(connection.received()).toMatch(/^HTTP\/1\.1 413 /);
    expect(connection.received()).toContain('rel="help"');
  });

  test("one tiny chunk after the other is counted as well", async () => {
    using connection = await openSocket(edge.app.url);
    connection.socket.write(
      `${HEAD}\r\ntransfer-encoding: chunked\r\n\r\n${"1\r\nx\r\n".repeat(65_537)}0\r\n\r\n`,
    );
    await connection.closed;
    expect(connection.received()).toMatch(/^HTTP\/1\.1 413 /);
  });
});

describe("bottomless nesting", () => {
  const bombs = (depth: number): readonly string[] => [
    `{"a":${"[".repeat(depth)}`,
    `{"a":${"[".repeat(depth)}${"]".repeat(depth)}}`,
    `${'{"a":'.repeat(depth)}1${"}".repeat(depth)}`,
    `{"a":${'[{"a":'.repeat(depth / 2)}`,
  ];

  test.each([33, 100, 1_000, 10_000, 100_000, 500_000])("%d levels are refused", async (depth) => {
    for (const bomb of bombs(depth)) {
      const [status, code] = bomb.length > 65_536 ? [413, "PAYLOAD_TOO_LARGE"] : [400, "VALIDATION_ERROR"];
      expectRefusal(await edge.call("POST", PATH, bomb), status as number, code as string);
    }
    expect(edge.payments.created).toEqual([]);
  });

  test("no body that may come holds the loop for 20 ms", () => {
    const size = 65_536;
    const fillers = ["[", '{"a":', '"\\u0000', "[1,", '{"":"', "1e9,", '"a":1,', "\\", '["\\ud800",'];
    for (const filler of fillers) {
      const bytes = Buffer.from(`{"a":${filler.repeat(size)}`.slice(0, size));
      const times = Array.from({ length: 5 }, () => {
        const begun = performance.now();
        expect(() => parseJsonBody(bytes)).toThrow();
        return performance.now() - begun;
      });
      // The best of five says what the code costs; the others say what else the machine did.
      expect(Math.min(...times)).toBeLessThan(20);
    }
  });
});

describe("keys that mean something to JavaScript", () => {
  const good = '"amountMinor":100,"customerReference":"c"';
  test.each([
    `{${good},"__proto__":{"polluted":1}}`,
    `{${good},"x":{"__proto__":{"polluted":1}}}`,
    `{${good},"x":[[{"__proto__":null}]]}`,
    `{${good},"\\u005f\\u005fproto\\u005f\\u005f":{"polluted":1}}`,
    `{"__proto__":{"amountMinor":100,"customerReference":"c"}}`,
  ])("%s is refused", async (body) => {
    expectRefusal(await edge.call("POST", PATH, body), 400, "VALIDATION_ERROR");
    expect(edge.payments.created).toEqual([]);
  });

  test.each(["constructor", "prototype", "hasOwnProperty", "toString", "valueOf", "then"])(
    "%s is inert",
    async (key) => {
      const value = '{"prototype":{"polluted":1},"polluted":1,"status":"SUCCEEDED"}';
      expect((await edge.call("POST", PATH, `{${good},"${key}":${value}}`)).status).toBe(201);
      expect(edge.payments.created).toHaveLength(1);
      expect(Reflect.get({}, "polluted")).toBeUndefined();
    },
  );

  test.each(["constructor", "__proto__", "toString"])(
    "%s as the only key is missing fields and no more",
    async (key) => {
      expectRefusal(await edge.call("POST", PATH, `{"${key}":1}`), 400, "VALIDATION_ERROR");
    },
  );

  test.each(["NaN", "Infinity", "-Infinity", "undefined", "0x10", "+1", "01", ".5", "1.", "'1'", "1_000"])(
    "the number %s is no JSON or no amount",
    async (text) => {
      const answer = await edge.call("POST", PATH, `{"customerReference":"c","amountMinor":${text}}`);
      const data = expectRefusal(answer, 400, "VALIDATION_ERROR");
      expect(Object.keys(data ?? {})).toHaveLength(1);
    },
  );
});

test("card numbers are refused by their field, shown to nobody and reach nobody", async () => {
  const card = "4111 1111 1111 1111";
  for (const field of ["customerReference", "customerName", "productName"]) {
    const answer = await edge.call("POST", PATH, {
      amountMinor: 1,
      customerReference: "c",
      [field]: `my ${card}`,
    });
    expect(expectRefusal(answer, 400, "VALIDATION_ERROR")).toEqual({
      [field]: "must not hold a card number; card data is never accepted",
    });
    expect(answer.text).not.toContain("1111");
  }
  expect(edge.payments.created).toEqual([]);
});

function post(body: Uint8Array): Promise<number> {
  const { hostname, port } = new URL(edge.app.url);
  const headers = { ...CREDENTIALS, "content-type": "application/json", "content-length": body.length };
  return new Promise((resolve, reject) => {
    const outgoing = request({ hostname, port, method: "POST", path: PATH, headers, agent }, (incoming) => {
      incoming.resume().once("end", () => resolve(incoming.statusCode ?? 0));
    });
    outgoing.once("error", reject).end(body);
  });
}

const mutated = mutatedBodies([
  '{"amountMinor":12500,"customerReference":"cust_1","productName":"প্রো প্ল্যান","currency":"BDT"}',
  '{"amountMinor":1,"customerReference":"c","redirectUrl":"https://shop.example/a?b=c","expiresInSeconds":300}',
  '{"amountMinor":999999999999999,"customerReference":"\\u0995","customerEmail":"a@b.co","customerPhone":"01712345678"}',
]);
const bodies = fc.oneof(
  { arbitrary: mutated, weight: 5 },
  { arbitrary: fc.json().map((text) => Buffer.from(text)), weight: 2 },
  { arbitrary: fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)), weight: 1 },
);

/** 2,000 here, 10,000 by hand with EDGE_FUZZ. */
test("fuzzed bodies make no 5xx and leave nothing behind", { timeout: 120_000 }, async () => {
  const rounds = Number(process.env.EDGE_FUZZ ?? 2_000);
  const statuses = new Set<number>();
  const fire = async (count: number, seed: number): Promise<void> => {
    const sample = fc.sample(bodies, { numRuns: count, seed });
    for (let i = 0; i < sample.length; i += 8) {
      const batch = await Promise.all(sample.slice(i, i + 8).map(post));
      for (const status of batch) statuses.add(status);
    }
    edge.payments.created.length = 0;
    edge.payments.calls.length = 0;
    edge.payments.requestIds.length = 0;
  };
  await fire(500, 1);
  const before = heldBytes();
  for (let done = 500; done < rounds; done += 500) await fire(500, done);
  expect([...statuses].sort()).toEqual([201, 400]);
  expect(heldBytes() - before).toBeLessThan(4 * 1_048_576);
});
