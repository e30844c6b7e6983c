import type { Instant } from "@oi/kernel/instant";
import { chartLine } from "./chart.ts";

/** What one payment, receipt or refund has open on one clearing account. */
export type OpenItem = {
  readonly path: string;
  readonly currency: string;
  readonly ref: string;
  /** Debits less credits; never zero. */
  readonly amountMinor: bigint;
  readonly openedAt: Instant;
  readonly openedSeq: number;
  readonly lastSeq: number;
  readonly ageSeconds: number;
};

/**
 * An item on the side that it never has when all is well: refunded twice, or an outcome without its request. What the
 * gateway returned is a credit of what it owes us, until a payout is short of it.
 */
export function hasWrongSign({
  path,
  ref,
  amountMinor,
}: Pick<OpenItem, "path" | "ref" | "amountMinor">): boolean {
  const { normalSide } = chartLine(path);
  if (normalSide === "DEBIT") return ref.startsWith("refund:") ? amountMinor > 0n : amountMinor < 0n;
  return normalSide === "CREDIT" && amountMinor > 0n;
}
