export const OUTCOMES = [
  "success",
  "success_risk",
  "fail",
  "cancel",
  "leave",
  "wait",
  "pending_then_valid",
  "fail_then_success",
  "double_success",
] as const;

/** What the customer does on the hosted page. */
export type Outcome = (typeof OUTCOMES)[number];

/** What becomes of one try, or, for UNATTEMPTED, of a session that its customer left without trying. */
export type StepStatus = "VALID" | "FAILED" | "CANCELLED" | "PENDING" | "UNATTEMPTED";

/**
 * One thing that happens after the customer's choice. `settles` moves the try that the step before left PENDING instead of
 * beginning another one.
 */
export type Step = {
  readonly afterMs: number;
  readonly status: StepStatus;
  readonly risk: 0 | 1;
  readonly settles: boolean;
  readonly notifies: boolean;
  readonly returns: boolean;
};

/** How long money stays in flight before it arrives. */
const PENDING_MS = 5_000;
/** A person needs a moment to try again; it also keeps the two notifications in their order. */
const SECOND_TRY_MS = 200;

const ENDS = { afterMs: 0, risk: 0, settles: false, notifies: true, returns: true } as const;

const STEPS: Readonly<Record<Outcome, readonly Step[]>> = {
  success: [{ ...ENDS, status: "VALID" }],
  success_risk: [{ ...ENDS, status: "VALID", risk: 1 }],
  fail: [{ ...ENDS, status: "FAILED" }],
  cancel: [{ ...ENDS, status: "CANCELLED" }],
  leave: [{ ...ENDS, status: "UNATTEMPTED", returns: false }],
  wait: [],
  pending_then_valid: [
    { ...ENDS, status: "PENDING", notifies: false },
    { ...ENDS, status: "VALID", afterMs: PENDING_MS, settles: true, returns: false },
  ],
  fail_then_success: [
    { ...ENDS, status: "FAILED", returns: false },
    { ...ENDS, status: "VALID", afterMs: SECOND_TRY_MS },
  ],
  double_success: [
    { ...ENDS, status: "VALID" },
    { ...ENDS, status: "VALID", afterMs: SECOND_TRY_MS, returns: false },
  ],
};

/**
 * The steps of an outcome in the order of time. `wait` has none: only the end of the session's lifetime follows. Late money
 * comes `lateMs` after the last step, or after that end; the browser is gone by then.
 */
export function planOutcome(
  outcome: Outcome,
  lateMs: number | undefined,
  untilExpiryMs: number,
): readonly Step[] {
  const steps = STEPS[outcome];
  if (lateMs === undefined) return steps;
  const afterMs = (outcome === "wait" ? untilExpiryMs : (steps.at(-1)?.afterMs ?? 0)) + lateMs;
  return [...steps, { ...ENDS, status: "VALID", afterMs, returns: false }];
}
