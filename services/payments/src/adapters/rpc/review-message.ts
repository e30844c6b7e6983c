import type { MessageInitShape } from "@bufbuild/protobuf";
import { invalid } from "@oi/kernel/errors";
import type { PageTokens } from "@oi/platform/rpc/page-token";
import {
  HeldMoneyKind,
  type ListReviewsRequest,
  ListReviewsRequestSchema,
  MismatchState,
  ReviewReason as Reason,
  ReviewReasonSchema,
  type ReviewSchema,
} from "@oi/proto/payments/v1/refunds_service";
import { enumName } from "@oi/proto/public/enum-name";
import { modeFromProto } from "@oi/proto/public/scope";
import { toTimestamp } from "@oi/proto/public/time";
import type { Review, ReviewFilter, ReviewPosition } from "../../application/list-reviews.ts";
import type { RecordedCharge } from "../../domain/charge.ts";
import type { ReviewReason } from "../../domain/payment.ts";
import { readPageSize } from "./counted-page.ts";
import type { PaymentMapper } from "./payment-message.ts";
import { safeId } from "./request-scope.ts";

export function reviewReasonFrom(reason: Reason): ReviewReason {
  return enumName(ReviewReasonSchema, reason) as ReviewReason;
}

/** Raises VALIDATION_ERROR for a token of another list. */
export function readReviewFilter(request: ListReviewsRequest, tokens: PageTokens): ReviewFilter {
  return {
    applicationId: request.applicationId === 0n ? null : safeId(request.applicationId),
    mode: modeFromProto(request.mode),
    reason: request.reason === Reason.UNSPECIFIED ? null : reviewReasonFrom(request.reason),
    after: readPosition(tokens.read(ListReviewsRequestSchema, request)),
    limit: readPageSize(request.pageSize),
  };
}

function readPosition(text: string | null): ReviewPosition | null {
  if (text === null) return null;
  const [since, id] = text.split(" ").map(Number);
  if (since === undefined || id === undefined)
    throw invalid({ pageToken: "is not a page token of this list" });
  return { since, id };
}

/** The token of what comes behind a full page; empty behind one that is not. */
export function nextReviews(
  request: ListReviewsRequest,
  tokens: PageTokens,
  reviews: readonly Review[],
  limit: number,
): string {
  const last = reviews.at(-1);
  if (!last || reviews.length < limit) return "";
  return tokens.write(ListReviewsRequestSchema, request, `${last.since} ${last.payment.id}`);
}

export function reviewMessage(
  review: Review,
  paymentMessage: PaymentMapper,
): MessageInitShape<typeof ReviewSchema> {
  const { payment, since, flags, mismatches, held, refundsInDoubt } = review;
  return {
    payment: paymentMessage(payment),
    since: toTimestamp(since),
    flags: flags.map(({ reason, raisedAt }) => ({ reason: Reason[reason], raisedAt: toTimestamp(raisedAt) })),
    mismatches: mismatches.map(({ id, attemptId, reason, state, charge, ...rest }) => ({
      receiptId: BigInt(id),
      attemptId: BigInt(attemptId),
      reason: Reason[reason],
      asked: payment.amount,
      taken: charge.charged,
      askedReference: rest.askedReference,
      namedReference: rest.namedReference,
      gatewayRef: charge.gatewayRef,
      gatewayTxnId: charge.gatewayTxnId,
      validated: charge.validated,
      seenAt: toTimestamp(charge.recordedAt),
      state: MismatchState[state],
      ...(rest.namedStore === null ? {} : { namedStore: rest.namedStore }),
    })),
    held: held.map((charge) => ({
      receiptId: BigInt(charge.id),
      kind: heldKind(charge),
      amount: charge.charged,
      attemptId: BigInt(charge.attemptId),
      gatewayTxnId: charge.gatewayTxnId,
      recordedAt: toTimestamp(charge.recordedAt),
    })),
    refundsInDoubt: refundsInDoubt.map(BigInt),
  };
}

function heldKind({ kind }: RecordedCharge): HeldMoneyKind {
  return kind === "SETTLEMENT" ? HeldMoneyKind.UNSPECIFIED : HeldMoneyKind[kind];
}
