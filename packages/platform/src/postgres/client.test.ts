import { DomainError } from "@oi/kernel/errors";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type Database, openDatabase } from "./client.ts";

/** Nothing connects before the first query, so the gate in front of the pool can be seen on its own. */
function open(poolMax: number, waitMax: number): Database {
  const url = "postgres://nobody@127.0.0.1:1/nothing";
  const limits = {
    connectTimeoutMs: 1,
    statementTimeoutMs: 1,
    lockTimeoutMs: 1,
    idleTransactionTimeoutMs: 1,
  };
  return openDatabase({ url, poolMax, waitMax, ...limits }, "test");
}

/** Work that runs until it is told to end. */
function heldWork() {
  const ends: PromiseWithResolvers<string>[] = [];
  const work = (): Promise<string> => {
    const end = Promise.withResolvers<string>();
    ends.push(end);
    return end.promise;
  };
  return { work, ends, end: (i: number) => ends[i]?.resolve(`result ${i}`) };
}

const BUSY = { reason: "SERVICE_UNAVAILABLE", message: "The database is busy.", retryAfterSeconds: 1 };

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const settle = () => vi.advanceTimersByTimeAsync(0);

describe("the gate in front of the pool", () => {
  it("lets as many run as the pool has connections, the others in order as places come free", async () => {
    const { run } = open(2, 10);
    const { work, ends, end } = heldWork();
    const results = [run(work), run(work), run(work), run(work)];
    await settle();
    expect(ends).toHaveLength(2);
    end(1);
    expect(await results[1]).toBe("result 1");
    await settle();
    expect(ends).toHaveLength(3);
    end(0);
    end(2);
    await settle();
    end(3);
    expect(await Promise.all(results)).toEqual(["result 0", "result 1", "result 2", "result 3"]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it("refuses at once when too many wait already", async () => {
    const { run } = open(1, 2);
    const { work, ends, end } = heldWork();
    const accepted = [run(work), run(work), run(work)];
    await expect(run(work)).rejects.toMatchObject(BUSY);
    await expect(run(work)).rejects.toMatchObject(BUSY);
    for (let i = 0; i < 3; i++) {
      end(i);
      await settle();
    }
    expect(await Promise.all(accepted)).toHaveLength(3);
    expect(ends).toHaveLength(3);
  });

  it("lets nobody wait longer than a second, and never runs what was refused", async () => {
    const { run } = open(1, 10);
    const { work, ends, end } = heldWork();
    const first = run(work);
    const late = run(work);
    const refused = expect(late).rejects.toMatchObject(BUSY);
    await vi.advanceTimersByTimeAsync(999);
    const later = run(work);
    await vi.advanceTimersByTimeAsync(1);
    await refused;
    expect(ends).toHaveLength(1);
    end(0);
    await first;
    await settle();
    expect(ends).toHaveLength(2);
    end(1);
    expect(await later).toBe("result 1");
  });

  it("lets work wait for as long as it says that it wants to", async () => {
    const { run } = open(1, 10);
    const { work, ends, end } = heldWork();
    const first = run(work);
    const patient = run(work, 2_500);
    const refused = expect(run(work, 2_000)).rejects.toMatchObject(BUSY);
    await vi.advanceTimersByTimeAsync(2_499);
    await refused;
    end(0);
    await first;
    await settle();
    expect(ends).toHaveLength(2);
    end(1);
    expect(await patient).toBe("result 1");
  });

  it("gets its places back from work that fails, however it fails", async () => {
    const { run } = open(1, 10);
    const thrown = (): never => {
      throw new TypeError("thrown");
    };
    for (let i = 0; i < 20; i++) {
      await expect(run(thrown)).rejects.toThrow("thrown");
      await expect(run(() => Promise.reject(new RangeError("rejected")))).rejects.toThrow("rejected");
    }
    expect(await run(async () => "fine")).toBe("fine");
  });

  it("counts right when waiters time out, fail and succeed in turn", async () => {
    const { run } = open(2, 100);
    const { work, ends, end } = heldWork();
    const outcomes = Array.from({ length: 50 }, () =>
      run(work).then(
        () => "done",
        () => "refused",
      ),
    );
    await vi.advanceTimersByTimeAsync(1_000);
    expect(ends).toHaveLength(2);
    ends[0]?.reject(new Error("no"));
    end(1);
    expect(await Promise.all(outcomes)).toEqual(["refused", "done", ...Array(48).fill("refused")]);
    const next = [run(work), run(work), run(work)];
    await settle();
    expect(ends).toHaveLength(4);
    end(2);
    end(3);
    await settle();
    end(4);
    await Promise.all(next);
  });
});

it("hands on refusals and bugs as they are", async () => {
  const { run } = open(1, 1);
  const refusal = new DomainError("FORBIDDEN", "No.");
  const bug = new TypeError("x is not a function");
  await expect(run(() => Promise.reject(refusal))).rejects.toBe(refusal);
  await expect(run(() => Promise.reject(bug))).rejects.toBe(bug);
});
