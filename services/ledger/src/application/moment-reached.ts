import { DomainError } from "@oi/kernel/errors";
import type { AsOf, Moment } from "./ports.ts";

/** Figures after a sequence that the book has not come to could still change: they are refused, not guessed. */
export function reached<T extends AsOf<object>>(found: T, moment: Moment | undefined): T {
  if (moment?.at !== "SEQ" || moment.seq <= found.asOfSeq) return found;
  const message = `asOf.seq: must be at most ${found.asOfSeq}`;
  throw new DomainError("VALIDATION_ERROR", message, {
    fields: { "asOf.seq": `must be at most ${found.asOfSeq}` },
    metadata: { cause: "AS_OF_IN_FUTURE" },
  });
}
