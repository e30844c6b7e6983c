import { assert } from "@oi/kernel/assert";
import { DomainError, invalid } from "@oi/kernel/errors";
import type { Instant } from "@oi/kernel/instant";
import type { Scope } from "@oi/kernel/scope";
import {
  type Adjustment,
  type AdjustmentContent,
  adjustmentDraft,
  checkedContent,
  contentHash,
  contentText,
  errorOf,
  type Refusal,
  refusalIn,
} from "../domain/adjustment.ts";
import { businessDate } from "../domain/business-date.ts";
import type { Sha256 } from "../domain/canonical-bytes.ts";
import type { Transaction } from "../domain/transaction.ts";
import { TRANSACTION_KINDS } from "../domain/transaction-kind.ts";
import { adjustmentNotFound, bookNotFound, transactionNotFound } from "./missing.ts";
import type { Adjustments, BookHead, Books, LedgerReads, Postings } from "./ports.ts";

export type AdjustPorts = {
  readonly adjustments: Adjustments;
  readonly books: Books;
  readonly postings: Postings;
  readonly reads: LedgerReads;
  readonly sha256: Sha256;
  readonly now: () => Instant;
};

export type Proposal = {
  readonly content: AdjustmentContent;
  readonly key: string;
  readonly maker: string;
  /** Opens a book that has no fact yet. */
  readonly isOpening: boolean;
};

export type ProposeAdjustment = (scope: Scope, proposal: Proposal) => Promise<Adjustment>;

const DAY_MS = 86_400_000;
const OLDEST_DAYS = 400;

/**
 * Keeps a proposal for a second person. One that cannot be posted is kept as well: its key gives the same refusal for
 * ever. Raises VALIDATION_ERROR, RESOURCE_NOT_FOUND (book, or transaction to reverse), INVALID_OPERATION_STATE
 * (ALREADY_REVERSED, NOT_REVERSIBLE), IDEMPOTENCY_KEY_CONFLICT.
 */
export function proposeAdjustment(ports: AdjustPorts): ProposeAdjustment {
  return async (scope, { content, key, maker, isOpening }) => {
    if (isOpening) await ports.books.open(scope);
    const book = await ports.reads.book(scope);
    if (!book) throw bookNotFound();
    const refusal = await refusalOf(ports, book, content);
    const text = contentText(content);
    const proposal = { key, content: text, contentHash: contentHash(text, ports.sha256), maker, refusal };
    const kept = await ports.adjustments.propose(scope, proposal);
    if (kept === "KEY_CONFLICT") {
      throw new DomainError("IDEMPOTENCY_KEY_CONFLICT", "The key was used for another adjustment.");
    }
    if (kept.state.status === "INVALID") throw errorOf(kept.state.refusal);
    return kept;
  };
}

async function refusalOf(
  { reads, now }: AdjustPorts,
  book: BookHead,
  content: AdjustmentContent,
): Promise<Refusal | null> {
  try {
    checkedContent(content);
    checkDate(content.businessDate, now(), book.utcOffsetMinutes);
    if (content.reverseSeq !== null) await reversible(reads, book.scope, content.reverseSeq);
    return null;
  } catch (error) {
    const refusal = refusalIn(error);
    if (refusal) return refusal;
    throw error;
  }
}

function checkDate(date: string | null, now: Instant, utcOffsetMinutes: number): void {
  if (date === null) return;
  const oldest = businessDate(now - OLDEST_DAYS * DAY_MS, utcOffsetMinutes);
  if (date > businessDate(now, utcOffsetMinutes))
    throw invalid({ businessDate: "must not be in the future" });
  if (date < oldest) throw invalid({ businessDate: `must be at most ${OLDEST_DAYS} days back` });
}

async function reversible(reads: LedgerReads, scope: Scope, seq: number): Promise<Transaction> {
  const found = await reads.transaction(scope, { by: "SEQ", seq });
  if (!found || !("transaction" in found)) throw transactionNotFound();
  if (found.transaction.kind === TRANSACTION_KINDS.REVERSE)
    throw notOpen("NOT_REVERSIBLE", "A reversal cannot be reversed.");
  if (found.reversedBy !== null)
    throw notOpen("ALREADY_REVERSED", `It was reversed by transaction ${found.reversedBy}.`);
  return found.transaction;
}

function notOpen(cause: string, message: string): DomainError {
  return new DomainError("INVALID_OPERATION_STATE", message, { metadata: { cause } });
}

export type ApproveAdjustment = (scope: Scope, id: number, checker: string) => Promise<Adjustment>;

/**
 * Approves and posts. However often and by however many it is called, the book gets one transaction or one refusal.
 * Raises RESOURCE_NOT_FOUND, FORBIDDEN (MAKER_IS_CHECKER), INVALID_OPERATION_STATE (ADJUSTMENT_NOT_OPEN).
 */
export function approveAdjustment(ports: AdjustPorts): ApproveAdjustment {
  return async (scope, id, checker) => {
    await openTo(ports.adjustments, scope, id, checker);
    await ports.adjustments.decide(scope, id, { status: "APPROVED", checker });
    const decided = await byId(ports.adjustments, scope, id);
    switch (decided.state.status) {
      case "APPROVED":
        return postApproved(ports, scope, decided);
      case "POSTED":
      case "REFUSED":
        return decided;
      default:
        throw notOpen("ADJUSTMENT_NOT_OPEN", "The adjustment was decided otherwise, or its time ran out.");
    }
  };
}

export type DeclineAdjustment = (
  scope: Scope,
  id: number,
  checker: string,
  why: string,
) => Promise<Adjustment>;

/** Raises RESOURCE_NOT_FOUND, FORBIDDEN (MAKER_IS_CHECKER), INVALID_OPERATION_STATE (ADJUSTMENT_NOT_OPEN). */
export function declineAdjustment(ports: AdjustPorts): DeclineAdjustment {
  return async (scope, id, checker, why) => {
    await openTo(ports.adjustments, scope, id, checker);
    await ports.adjustments.decide(scope, id, { status: "DECLINED", checker, why });
    const decided = await byId(ports.adjustments, scope, id);
    if (decided.state.status !== "DECLINED")
      throw notOpen("ADJUSTMENT_NOT_OPEN", "The adjustment was decided otherwise, or its time ran out.");
    return decided;
  };
}

async function openTo(adjustments: Adjustments, scope: Scope, id: number, checker: string): Promise<void> {
  const { maker } = await byId(adjustments, scope, id);
  if (maker !== checker) return;
  throw new DomainError("FORBIDDEN", "Somebody else than the maker must decide.", {
    metadata: { cause: "MAKER_IS_CHECKER" },
  });
}

async function byId(adjustments: Adjustments, scope: Scope, id: number): Promise<Adjustment> {
  const found = await adjustments.byId(scope, id);
  if (!found) throw adjustmentNotFound();
  return found;
}

async function postApproved(ports: AdjustPorts, scope: Scope, adjustment: Adjustment): Promise<Adjustment> {
  const { state, content } = adjustment;
  assert(state.status === "APPROVED", "only what was approved is posted");
  const terms = await ports.books.open(scope);
  const original =
    content.reverseSeq === null ? null : await originalOf(ports.reads, scope, content.reverseSeq);
  const draft = adjustmentDraft(adjustment, state, original, terms, ports.sha256);
  const [outcome] = await ports.postings.post(scope, [draft]);
  assert(outcome?.code !== "IDEMPOTENCY_KEY_CONFLICT", "the key of an adjustment is its own");
  return byId(ports.adjustments, scope, adjustment.id);
}

async function originalOf(reads: LedgerReads, scope: Scope, seq: number): Promise<Transaction> {
  const found = await reads.transaction(scope, { by: "SEQ", seq });
  assert(found !== null && "transaction" in found, "what is posted does not disappear");
  return found.transaction;
}

const SWEEP_AFTER_SECONDS = 30;
const SWEEP_LIMIT = 100;

export type SweepAdjustments = () => Promise<{ readonly finished: number; readonly expired: number }>;

/** Finishes what a crash left between approval and posting, and closes what nobody decided. */
export function sweepAdjustments(
  ports: AdjustPorts,
  afterSeconds: number = SWEEP_AFTER_SECONDS,
): SweepAdjustments {
  return async () => {
    const undone = await ports.adjustments.undone(afterSeconds, SWEEP_LIMIT);
    for (const { scope, id } of undone) {
      const adjustment = await byId(ports.adjustments, scope, id);
      if (adjustment.state.status === "APPROVED") await postApproved(ports, scope, adjustment);
    }
    return { finished: undone.length, expired: await ports.adjustments.expire(SWEEP_LIMIT) };
  };
}
