import { DomainError, invalid } from "@oi/kernel/errors";
import type { Instant } from "@oi/kernel/instant";
import { unknownEntries } from "./filter.ts";

export type RecoveryScope = "FAILED" | "MISSING" | "ALL" | "SUSPENDED" | "DISCARD";

/** A job that sends many deliveries of one endpoint again. */
export type Recovery = {
  readonly id: number;
  readonly endpointId: number;
  readonly scope: RecoveryScope;
  readonly state: "RUNNING" | "DONE" | "CANCELLED";
  /** Null: from the beginning. */
  readonly since: Instant | null;
  /** Null: without end. */
  readonly until: Instant | null;
  readonly eventTypes: readonly string[];
  readonly requeued: number;
  readonly cursorAt: Instant | null;
  readonly createdAt: Instant;
  readonly finishedAt: Instant | null;
};

const DAY_MS = 86_400_000;
const KEPT_DAYS = 30;

/** Raises VALIDATION_ERROR for a span that is older than what is kept, or empty. */
export function checkSpan(since: Instant, until: Instant, now: Instant): void {
  if (since < now - KEPT_DAYS * DAY_MS) throw invalid({ since: `must lie at most ${KEPT_DAYS} days back` });
  if (until <= since) throw invalid({ until: "must be later than since" });
}

/** Raises VALIDATION_ERROR for types that no event has: the job would end without having done anything. */
export function checkTypes(eventTypes: readonly string[]): void {
  const bad = unknownEntries(eventTypes);
  if (bad.length > 0) throw invalid({ eventTypes: `no event has the type ${bad.join(", ")}` });
}

/** Raises INVALID_OPERATION_STATE for one that has ended, and for one that settles what was suspended. */
export function checkCancelRecovery({ state, scope }: Pick<Recovery, "state" | "scope">): void {
  if (state !== "RUNNING") throw new DomainError("INVALID_OPERATION_STATE", `The recovery is ${state}.`);
  if (scope === "SUSPENDED" || scope === "DISCARD")
    throw new DomainError(
      "INVALID_OPERATION_STATE",
      "The recovery belongs to the endpoint's being enabled; disable the endpoint to stop what it sends.",
    );
}
