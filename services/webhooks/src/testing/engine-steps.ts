import { fc } from "@fast-check/vitest";
import type { Answer } from "../application/ports.ts";
import type { Finding } from "../domain/classify.ts";
import type { Switch } from "../domain/endpoint.ts";

export type Ending = "OK" | "SLOW" | "FAILED" | "BUSY" | "TIMEOUT" | "LOCAL" | "GONE";

/** `which` picks one of what there is. */
export type Step =
  | { readonly do: "publish"; readonly count: number }
  | { readonly do: "claim"; readonly slots: number }
  | { readonly do: "end"; readonly which: number; readonly as: Ending }
  /** Claims and ends all of it, so often, with a pause each time: what takes single steps long to reach. */
  | { readonly do: "rounds"; readonly count: number; readonly as: Ending; readonly ms: number }
  | { readonly do: "crash" | "resend" | "cancel" | "recover" | "rotate" | "revoke"; readonly which: number }
  | { readonly do: "switch"; readonly which: number; readonly verb: Switch }
  | { readonly do: "pass"; readonly ms: number }
  | { readonly do: "work" };

const ANSWERS: Readonly<Record<Ending, Finding & { readonly status: number | null }>> = {
  OK: { outcome: "OK", error: null, status: 200 },
  SLOW: { outcome: "OK", error: null, status: 200 },
  FAILED: { outcome: "HTTP", error: "HTTP_STATUS", status: 500 },
  BUSY: { outcome: "HTTP", error: "HTTP_STATUS", status: 429 },
  TIMEOUT: { outcome: "TIMEOUT", error: "TIMEOUT_TOTAL", status: null },
  LOCAL: { outcome: "LOCAL", error: "LOCAL", status: null },
  GONE: { outcome: "HTTP", error: "HTTP_STATUS", status: 410 },
};

export function answerOf(ending: Ending): Answer {
  const { outcome, error, status } = ANSWERS[ending];
  return {
    finding: { outcome, error },
    status,
    retryAfter: ending === "BUSY" ? "90" : null,
    ttfbMs: 1,
    totalMs: ending === "SLOW" ? 1_500 : 20,
    dnsMs: 0,
    remoteAddress: "192.0.2.1",
    responseHead: null,
  };
}

const which = fc.nat({ max: 30 });
const endings = fc.constantFrom<Ending>(
  "OK",
  "OK",
  "SLOW",
  "FAILED",
  "FAILED",
  "BUSY",
  "TIMEOUT",
  "LOCAL",
  "GONE",
);
const HOUR = 3_600_000;

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ do: fc.constant("publish"), count: fc.integer({ min: 1, max: 3 }) }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant("claim"), slots: fc.integer({ min: 1, max: 8 }) }) },
  { weight: 10, arbitrary: fc.record({ do: fc.constant("end"), which, as: endings }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant("rounds"),
      count: fc.integer({ min: 1, max: 8 }),
      as: endings,
      ms: fc.constantFrom(0, 61_000, 7 * HOUR),
    }),
  },
  // None of these is near a wait, a lease or an overlap: a store whose clock runs by itself may be a little late.
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant("pass"),
      ms: fc.constantFrom(61_000, 611_000, 7 * HOUR, 43 * HOUR),
    }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant("work") }) },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant("switch"),
      which,
      verb: fc.constantFrom<Switch>("PAUSE", "RESUME", "DISABLE", "ENABLE", "ENABLE"),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constantFrom("crash", "resend", "cancel", "recover", "rotate", "revoke"),
      which,
    }),
  },
);

export const histories: fc.Arbitrary<readonly Step[]> = fc.array(step, { minLength: 1, maxLength: 60 });
