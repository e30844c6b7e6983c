import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { untilStopped } from "./patience.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const never = new Promise<never>(() => {});

it("hands on what the work gives, and leaves nothing behind", async () => {
  const stop = new AbortController();
  expect(await untilStopped(stop.signal, Promise.resolve(7))).toBe(7);
  await expect(untilStopped(stop.signal, Promise.reject(new Error("no")))).rejects.toThrow("no");
  stop.abort();
  expect(vi.getTimerCount()).toBe(0);
});

it("waits as long as nobody wants to stop, and a second after that", async () => {
  const stop = new AbortController();
  let isOver = false;
  const waiting = untilStopped(stop.signal, never).catch((reason: unknown) => {
    isOver = true;
    return reason;
  });
  await vi.advanceTimersByTimeAsync(60_000);
  stop.abort("stop");
  await vi.advanceTimersByTimeAsync(999);
  expect(isOver).toBe(false);
  await vi.advanceTimersByTimeAsync(1);
  expect(await waiting).toBe("stop");
});

it("lets work that ends within that second end", async () => {
  const { promise, resolve } = Promise.withResolvers<string>();
  const waiting = untilStopped(AbortSignal.abort(), promise);
  await vi.advanceTimersByTimeAsync(500);
  resolve("done");
  expect(await waiting).toBe("done");
});
