/**
 * Real: every service a process of its own, PostgreSQL with durable commits, NATS, all of them killed under load.
 * Doubles: the gateway is the sandbox, which is spared. Oracles: the invariants over databases and journals: those of
 * the client, the gateway, the receivers (with `standardwebhooks`) and a trap.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { FAULT_KINDS, scheduleOf } from "./chaos/schedule.ts";
import { storm } from "./chaos/storm.ts";

const LENGTH_MS = 11_000;
const KINDS = ["kill", "all", "postgres", "wipe"] as const;

it("breaks the same things at the same times for the same seed, and every kind before one twice", () => {
  const long = scheduleOf(42, 600_000, FAULT_KINDS);
  expect(scheduleOf(42, 600_000, FAULT_KINDS)).toEqual(long);
  expect(scheduleOf(43, 600_000, FAULT_KINDS)).not.toEqual(long);
  expect(new Set(long.slice(0, FAULT_KINDS.length).map(({ kind }) => kind)).size).toBe(FAULT_KINDS.length);
  expect(long.every(({ atMs }, i) => atMs > (long[i - 1]?.atMs ?? 0) && atMs < 600_000)).toBe(true);
});

it("loses nothing that was acknowledged and does nothing twice while services, database and stream are killed", async () => {
  const folder = mkdtempSync(join(tmpdir(), "oi-storm-"));
  try {
    const { printed, code, restless, surprises, figures, faults } = await storm({
      ...{ seed: 530, lengthMs: LENGTH_MS, kinds: KINDS, shoppers: 4, folder },
      ...{ quietMs: 150_000, scansData: false, say: () => undefined },
    });
    const story = JSON.stringify({ faults, restless, surprises, printed }, null, 1).replaceAll("\\n", "\n");
    expect(new Set(faults.map(({ kind }) => kind)), story).toEqual(new Set(KINDS));
    expect(figures.acknowledged, story).toBeGreaterThan(10);
    expect(restless, story).toEqual({});
    expect(printed.trimEnd().split("\n").at(-1), story).toBe("45 passed, 0 failed");
    expect(code).toBe(0);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}, 300_000);
