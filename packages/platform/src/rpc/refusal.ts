import { DomainError } from "@oi/kernel/errors";

/** Anything that is neither a refusal of ours nor the end of the caller's time is a bug: logged and never sent. */
export function refusalOf(error: unknown, signal: AbortSignal): DomainError {
  if (error instanceof DomainError) return error;
  if (signal.aborted) {
    const message = "The time for this call ran out; the outcome is not known.";
    return new DomainError("DEADLINE_EXCEEDED", message, { cause: error });
  }
  return new DomainError("INTERNAL_ERROR", "Something went wrong on our side.", { cause: error });
}
