import type { Instant } from "@oi/kernel/instant";
import type { Leg } from "./draft.ts";

/** A leg in its place: what it left behind on its account. */
export type Entry = Leg & {
  /** From 1. */
  readonly leg: number;
  readonly balanceAfterMinor: bigint;
  /** Which entry of its account it is, from 1. */
  readonly accountVersion: number;
};

/** A posted transaction. It never changes. */
export type Transaction = {
  /** Its place in the book: gapless, in the order of commits. */
  readonly seq: number;
  readonly blockNo: number;
  readonly kind: number;
  readonly rule: number;
  readonly businessDate: string;
  readonly occurredAt: Instant;
  readonly recordedAt: Instant;
  readonly key: string;
  readonly reference: string;
  readonly eventUuid: string | null;
  readonly actor: string;
  readonly approver: string | null;
  readonly reversesSeq: number | null;
  readonly details: string;
  /** Of its leaf, in hexadecimal. */
  readonly leaf: string;
  readonly entries: readonly Entry[];
};
