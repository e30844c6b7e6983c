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

/** An item on the side that its account never has when all is well: refunded twice, or an outcome without its request. */
export function hasWrongSign({ path, amountMinor }: Pick<OpenItem, "path" | "amountMinor">): boolean {
  const { normalSide } = chartLine(path);
  if (normalSide === "DEBIT") return amountMinor < 0n;
  return normalSide === "CREDIT" && amountMinor > 0n;
}
