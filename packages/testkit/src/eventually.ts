import { setTimeout as sleep } from "node:timers/promises";

const STEP_MS = 20;

export type EventuallyOptions = { readonly withinMs?: number };

/**
 * Repeats an assertion until it holds and returns its result. What fails in the end is the last assertion error, so a
 * test that times out still says what was wrong.
 */
export async function eventually<T>(
  assertion: () => T | Promise<T>,
  { withinMs = 5_000 }: EventuallyOptions = {},
): Promise<T> {
  const deadline = performance.now() + withinMs;
  for (;;) {
    try {
      return await assertion();
    } catch (error) {
      if (performance.now() >= deadline) throw error;
    }
    await sleep(STEP_MS);
  }
}
