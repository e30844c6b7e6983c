import type { Instant } from "@oi/kernel/instant";
import type { Mode } from "@oi/kernel/scope";
import type { RecordedCharge } from "../domain/charge.ts";
import type { RecordedMismatch } from "../domain/mismatch.ts";
import type { Payment, ReviewReason } from "../domain/payment.ts";

/** The place of a payment in the list: how long it waits, and its id. */
export type ReviewPosition = { readonly since: Instant; readonly id: number };

export type ReviewFilter = {
  /** Null for every application. */
  readonly applicationId: number | null;
  readonly mode: Mode;
  readonly reason: ReviewReason | null;
  /** Only those behind this place; null from the beginning. */
  readonly after: ReviewPosition | null;
  readonly limit: number;
};

/** A payment that a person has to look at, with what they need to decide. */
export type Review = {
  readonly payment: Payment;
  /** Since when it has been under review without a break, by the database's clock. */
  readonly since: Instant;
  /** The oldest first. */
  readonly flags: readonly { readonly reason: ReviewReason; readonly raisedAt: Instant }[];
  /** The newest first, at most {@link EVIDENCE_LIMIT}, with the reference that we gave. */
  readonly mismatches: readonly (RecordedMismatch & { readonly askedReference: string })[];
  /** Money that is not the payment's and that no refund returns, the oldest first, at most {@link EVIDENCE_LIMIT}. */
  readonly held: readonly RecordedCharge[];
  /** Refunds whose outcome is in doubt, at most {@link EVIDENCE_LIMIT}. */
  readonly refundsInDoubt: readonly number[];
};

export const EVIDENCE_LIMIT = 20;

export interface ReviewStore {
  /** The longest waiting first. Its cost is that of what is under review, however many payments there are. */
  list(filter: ReviewFilter): Promise<readonly Review[]>;
}

export type ListReviews = ReviewStore["list"];

/** Lists what people have to look at, for internal teams: of one application or of all of a mode. */
export function listReviews({ reviews }: { reviews: ReviewStore }): ListReviews {
  return (filter) => reviews.list(filter);
}
