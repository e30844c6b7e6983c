import { systemClock } from "@oi/platform/service/clock";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { CHECKOUT } from "../../application/checkouts.contract.ts";
import type { Checkouts } from "../../application/ports.ts";
import { type Checkout, liveId } from "../../domain/checkout.ts";
import { checkoutWatches } from "./checkout-watches.ts";
import { memoryCheckouts } from "./memory-checkouts.ts";

/** Real: the watches. Doubles: checkouts in memory, and time, which stands still unless it is moved. */
beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const trace = { requestId: "r-1" };

function world() {
  const memory = memoryCheckouts();
  const state = { reads: 0, isDown: false };
  const checkouts: Checkouts = {
    ...memory,
    byReference: async (reference, one) => {
      state.reads += 1;
      if (state.isDown) throw new Error("payments is away");
      return await memory.byReference(reference, one);
    },
  };
  const put = (change: Partial<Checkout> = {}): Checkout => {
    const checkout = { ...CHECKOUT, ...change };
    memory.put(checkout);
    return checkout;
  };
  const watches = checkoutWatches({ checkouts, clock: systemClock() });
  const look = (seen: Checkout) => {
    const told: string[] = [];
    const watch = watches.watch(seen, trace, (checkout) => told.push(liveId(checkout)));
    return { told, [Symbol.dispose]: () => watch[Symbol.dispose]() };
  };
  return { state, put, look };
}

const seconds = (n: number): Promise<unknown> => vi.advanceTimersByTimeAsync(n * 1_000);

test("a change is told within a second, once, and to each who has not seen it", async () => {
  const { put, look } = world();
  using first = look(put());
  using second = look({ ...CHECKOUT, version: 2 });
  put({ status: "PENDING", version: 2 });
  await seconds(1);
  expect(first.told).toEqual(["2"]);
  expect(second.told).toEqual([]);
  put({ status: "PENDING", version: 2, underReview: true });
  await seconds(3);
  expect([first.told, second.told]).toEqual([["2", "2.r"], ["2.r"]]);
});

test("many who look at one payment cost one read, and who leaves costs none", async () => {
  const { state, put, look } = world();
  const looking = Array.from({ length: 40 }, () => look(put()));
  await seconds(10);
  expect(state.reads).toBe(10);
  for (const one of looking) one[Symbol.dispose]();
  await seconds(100);
  expect(state.reads).toBe(10);
});

test("who leaves while a read is under way is told nothing, and leaves nothing behind", async () => {
  const { state, put, look } = world();
  const gone = look(put());
  put({ version: 2 });
  vi.advanceTimersByTime(1_000);
  gone[Symbol.dispose]();
  using after = look(put({ version: 3 }));
  await seconds(5);
  expect([gone.told, after.told]).toEqual([[], []]);
  expect(state.reads).toBe(6);
});

test("what does not stir is read less often, until something happens or somebody comes", async () => {
  const { state, put, look } = world();
  using watching = look(put());
  await seconds(60);
  const quick = state.reads;
  expect(quick).toBeGreaterThanOrEqual(59);
  await seconds(60);
  expect(state.reads - quick).toBeLessThanOrEqual(12);
  put({ version: 2, status: "PENDING" });
  await seconds(5);
  expect(watching.told).toEqual(["2"]);
  put({ version: 3, status: "SUCCEEDED" });
  await seconds(1);
  expect(watching.told).toEqual(["2", "3"]);
  await seconds(90);
  using coming = look(CHECKOUT);
  await seconds(1);
  expect(coming.told).toEqual(["3"]);
});

test("who comes again and again does not keep the others waiting", async () => {
  const { put, look } = world();
  using patient = look(put());
  put({ version: 2 });
  for (let i = 0; i < 4; i++) {
    look(CHECKOUT)[Symbol.dispose]();
    await seconds(0.4);
  }
  expect(patient.told).toEqual(["2"]);
});

test("while payments is away nothing is told, and what happened meanwhile is told afterwards", async () => {
  const { state, put, look } = world();
  using watching = look(put());
  state.isDown = true;
  put({ version: 2, status: "PENDING" });
  await seconds(20);
  expect(watching.told).toEqual([]);
  expect(state.reads).toBeLessThanOrEqual(5);
  state.isDown = false;
  await seconds(5);
  expect(watching.told).toEqual(["2"]);
});

test("five thousand payments together are read no more than 250 times a second", async () => {
  const { state, put, look } = world();
  const looking = Array.from({ length: 5_000 }, (_, i) =>
    look(put({ reference: `pay_${String(i).padStart(22, "A")}` })),
  );
  await seconds(60);
  state.reads = 0;
  await seconds(60);
  expect(state.reads).toBeLessThanOrEqual(60 * 250);
  expect(state.reads).toBeGreaterThan(60 * 200);
  for (const one of looking) one[Symbol.dispose]();
});
