import type { Instant } from "@oi/kernel/instant";

/** One entry as its account sees it. */
export type StatementLine = {
  readonly seq: number;
  readonly leg: number;
  readonly businessDate: string;
  readonly recordedAt: Instant;
  readonly kind: number;
  readonly reference: string;
  readonly ref: string | null;
  readonly amountMinor: bigint;
  readonly balanceAfterMinor: bigint;
  readonly accountVersion: number;
};
