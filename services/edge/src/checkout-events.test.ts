import { DomainError } from "@oi/kernel/errors";
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { CHECKOUT, UNKNOWN_REFERENCE } from "./application/checkouts.contract.ts";
import type { Checkout } from "./domain/checkout.ts";
import { type EdgeHarness, expectRefusal, startEdge } from "./testing/edge-harness.ts";
import { type EventReader, readEvents } from "./testing/event-reader.ts";

/** Real: HTTP, sockets, the app, the rpc adapters. Doubles: services of a few lines. Oracle: experience.md 2.4. */
vi.setConfig({ testTimeout: 30_000 });
let edge: EdgeHarness;
/** A proxy names the customers' addresses; a stalled answer is one of a fifth of a second, a heartbeat half of that. */
const ENV = { TRUSTED_PROXY_HOPS: "1", CHECKOUT_SSE_HEARTBEAT_MS: "100", STALLED_TIMEOUT_MS: "200" };

beforeAll(async () => {
  edge = await startEdge({ env: { ...ENV, CONNECTION_CHECK_MS: "50" } });
});
afterAll(async () => {
  await edge[Symbol.asyncDispose]();
});
beforeEach(() => {
  edge.payments.failure = null;
  put({});
});

const { reference } = CHECKOUT;
const path = `/checkout/${reference}/events`;
const put = (change: Partial<Checkout>, on = edge): void => on.checkouts.put({ ...CHECKOUT, ...change });
const watch = (headers: Record<string, string> = {}, on = edge, of = path): Promise<EventReader> =>
  readEvents(`${on.app.url}${of}`, headers);
const soon = { timeout: 8_000 };

const CREATED = { status: "CREATED", final: false, underReview: false };
const PENDING = { ...CREATED, status: "PENDING" };
const PAID = { status: "SUCCEEDED", final: true, underReview: false };

describe("the stream of a checkout", () => {
  test("begins with a snapshot, tells each change once, and ends with the final one", async () => {
    using stream = await watch();
    expect(stream.status).toBe(200);
    expect(stream.headers).toMatchObject({
      "content-type": "text/event-stream",
      "cache-control": "no-store, no-transform",
      "x-accel-buffering": "no",
      "x-content-type-options": "nosniff",
      "x-request-id": expect.any(String),
    });
    expect(stream.headers["content-encoding"]).toBeUndefined();
    await expect.poll(() => stream.events(), soon).toEqual([["1", CREATED]]);
    expect(stream.text()).toMatch(/^retry: 3000\n/);
    put({ status: "PENDING", version: 2, awaitingConfirmation: true });
    await expect.poll(() => stream.events(), soon).toHaveLength(2);
    put({ status: "SUCCEEDED", version: 3 });
    await stream.ended;
    expect(stream.events()).toEqual([
      ["1", CREATED],
      ["2.w", PENDING],
      ["3", PAID],
    ]);
  });

  test("of a payment that is over is one event, and none at all for who has seen it", async () => {
    put({ status: "SUCCEEDED", version: 3 });
    using stream = await watch();
    await stream.ended;
    expect(stream.events()).toEqual([["3", PAID]]);
    using again = await watch({ "last-event-id": "3" });
    expect(again.status).toBe(204);
    using behind = await watch({ "last-event-id": "2" });
    await behind.ended;
    expect(behind.events()).toEqual([["3", PAID]]);
  });

  test("goes on where it broke off: nothing twice, nothing missed", async () => {
    put({ status: "PENDING", version: 2 });
    using same = await watch({ "last-event-id": "2" });
    using older = await watch({ "last-event-id": "1" });
    using forged = await watch({ "last-event-id": "2'\"<x>" });
    await expect.poll(() => older.events(), soon).toEqual([["2", PENDING]]);
    await expect.poll(() => forged.events(), soon).toEqual([["2", PENDING]]);
    put({ status: "SUCCEEDED", version: 3 });
    await Promise.all([same.ended, older.ended, forged.ended]);
    expect(same.events()).toEqual([["3", PAID]]);
  });

  test("is quiet but never silent, and quiet is not stalled", async () => {
    using stream = await watch();
    const beats = () => stream.text().split("\n:\n\n").length;
    await expect.poll(beats, soon).toBeGreaterThan(8);
    put({ status: "EXPIRED", version: 2 });
    await stream.ended;
    expect(stream.events().at(-1)).toEqual(["2", { ...PAID, status: "EXPIRED" }]);
  });
});

describe("who may not watch", () => {
  test.each([UNKNOWN_REFERENCE, "pay_x", "%00", "p".repeat(200), "%zz"])("%s is 404", async (other) => {
    expectRefusal(await edge.send("GET", `/checkout/${other}/events`), 404, "RESOURCE_NOT_FOUND");
  });

  test("other methods are told which ones there are; HEAD opens nothing", async () => {
    const post = await edge.send("POST", path);
    expectRefusal(post, 405, "METHOD_NOT_ALLOWED");
    expect(post.headers.allow).toBe("GET, HEAD, OPTIONS");
    const head = await edge.send("HEAD", path);
    expect(head).toMatchObject({ status: 200, text: "", headers: { "content-type": "text/event-stream" } });
    expect((await edge.send("HEAD", `/checkout/${UNKNOWN_REFERENCE}/events`)).status).toBe(404);
    expect((await edge.send("OPTIONS", path)).headers.allow).toBe("GET, HEAD, OPTIONS");
  });

  test("a payment that cannot be read is a refusal and no stream, and takes no place", async () => {
    edge.payments.failure = new DomainError("SERVICE_UNAVAILABLE", "Down.");
    for (let i = 0; i < 6; i++) expectRefusal(await edge.send("GET", path), 503, "SERVICE_UNAVAILABLE");
    edge.payments.failure = null;
    using stream = await watch();
    expect(stream.status).toBe(200);
  });
});

describe("places are counted", () => {
  const other = (i: number): string => `pay_${String(i).padStart(22, "2")}`;
  const from = (address: string) => ({ "x-forwarded-for": address });

  async function crowded(max: string) {
    const small = await startEdge({ env: { ...ENV, CHECKOUT_SSE_MAX: max } });
    for (let i = 1; i < 9; i++) put({ reference: other(i) }, small);
    const sit = (i: number, address: string) => watch(from(address), small, `/checkout/${other(i)}/events`);
    return { small, sit, [Symbol.asyncDispose]: () => small[Symbol.asyncDispose]() };
  }

  test("a payment has four", async () => {
    await using room = await crowded("100");
    const four = await Promise.all([1, 2, 3, 4].map((n) => room.sit(1, `192.0.2.${n}`)));
    expect(four.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    const url = `/checkout/${other(1)}/events`;
    const fifth = await room.small.send("GET", url, { headers: from("192.0.2.5") });
    expectRefusal(fifth, 503, "SERVICE_UNAVAILABLE");
    expect(fifth.headers["retry-after"]).toBe("20");
    expect((await room.sit(2, "192.0.2.5")).status).toBe(200);
    four[0]?.[Symbol.dispose]();
    await expect.poll(async () => (await room.sit(1, "192.0.2.5")).status, soon).toBe(200);
    for (const stream of four) stream[Symbol.dispose]();
  });

  test("an address has a quarter of all, and the process has no more than it was given", async () => {
    await using room = await crowded("8");
    const sitting = [await room.sit(1, "192.0.2.1"), await room.sit(2, "192.0.2.1")];
    expect((await room.sit(3, "192.0.2.1")).status).toBe(503);
    for (const i of [3, 4, 5, 6, 7, 8]) sitting.push(await room.sit(i, `192.0.2.${i}`));
    expect(sitting.map(({ status }) => status)).toEqual(Array(8).fill(200));
    expect((await room.sit(1, "192.0.2.99")).status).toBe(503);
    for (const stream of sitting) stream[Symbol.dispose]();
  });

  test("with none there is no stream, and the page can be polled", async () => {
    await using room = await crowded("0");
    expect((await room.sit(1, "192.0.2.1")).status).toBe(503);
    expect((await room.small.send("GET", `/api/v1/checkout/${other(1)}`)).status).toBe(200);
  });
});

describe("every stream ends", () => {
  test("after its time, even under a reader who takes nothing, and its place is free again", async () => {
    await using brief = await startEdge({
      env: { ...ENV, CHECKOUT_SSE_LIFETIME_MS: "300", CHECKOUT_SSE_MAX: "1" },
    });
    put({}, brief);
    using reader = await watch({}, brief);
    reader.pause();
    await expect.poll(async () => (await watch({}, brief)).status, soon).toBe(200);
  });

  test("when the process goes: with the time after which to come again, and nobody new is let in", async () => {
    const going = await startEdge({ env: { ...ENV, DRAIN_SECONDS: "20" } });
    put({}, going);
    using stream = await watch({}, going);
    await expect.poll(() => stream.events(), soon).toHaveLength(1);
    const begun = performance.now();
    const gone = going[Symbol.asyncDispose]();
    await stream.ended;
    await gone;
    expect(performance.now() - begun).toBeLessThan(15_000);
    const [, again] = /retry: (\d+)\n\n$/.exec(stream.text()) ?? [];
    expect(Number(again)).toBeGreaterThanOrEqual(1_000);
    expect(Number(again)).toBeLessThan(5_000);
  });
});
