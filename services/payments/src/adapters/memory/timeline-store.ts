import type { TimelineStore } from "../../application/get-timeline.ts";
import type { PaymentsEvent } from "../../domain/events.ts";
import type { TimelineFact } from "../../domain/timeline.ts";
import { attemptsOf, type MemoryBook } from "./memory-book.ts";
import { refundsOf } from "./refund-rows.ts";

/** What happened to a payment, in memory. */
export function memoryTimelineStore(book: MemoryBook): TimelineStore {
  return {
    facts: async ({ id, reference }, limit) =>
      [
        ...states(book, id),
        ...sessions(book, id),
        ...answers(book, id),
        ...callbacks(book, id),
        ...refunds(book, id),
        ...events(book, reference),
        ...records(book, id),
      ]
        .sort(inOrder)
        .slice(0, limit),
  };
}

/** By time, then by version, those without one last, then by id. */
function inOrder(a: TimelineFact, b: TimelineFact): number {
  const version = ({ version: known }: TimelineFact): number => known ?? Number.MAX_SAFE_INTEGER;
  return a.at - b.at || version(a) - version(b) || (a.id < b.id ? -1 : 1);
}

const PLAIN = { status: null, version: null } as const;

function states(book: MemoryBook, id: number): TimelineFact[] {
  const app = `app:${book.payments.get(id)?.scope.applicationId}`;
  return (book.history.get(id) ?? []).map(({ version, from, to, cause, at }) => ({
    id: `state:${id}:${version}`,
    at,
    kind: "state",
    actor: cause === "api" ? app : cause.startsWith("gateway.") ? "gateway" : "system",
    status: to,
    version,
    refs: { paymentId: String(id) },
    detail: { from, to, reason: cause, version },
  }));
}

function sessions(book: MemoryBook, id: number): TimelineFact[] {
  return attemptsOf(book, id).map((attempt) => ({
    id: `checkout:${attempt.id}`,
    at: attempt.createdAt,
    kind: "checkout",
    actor: "customer",
    status: attempt.state,
    version: null,
    refs: { attemptId: String(attempt.id), merchantRef: attempt.merchantRef },
    detail: { attempt: attempt.no, account: attempt.account, reason: attempt.reason },
  }));
}

/** What the gateway was asked, about sessions and about refunds. */
function answers(book: MemoryBook, id: number): TimelineFact[] {
  const inquiries = book.inquiries.entries().flatMap(([index, inquiry]): TimelineFact[] => {
    const { paymentId, attemptId, operation, tookMs: ms, answeredAt, outcome, cause } = inquiry;
    if (paymentId !== id) return [];
    const detail = { operation, outcome, cause, ms };
    const call = { at: answeredAt, kind: "gateway_call", actor: "system", ...PLAIN } as const;
    return [{ id: `gateway_call:${index}`, ...call, refs: { attemptId: String(attemptId) }, detail }];
  });
  const calls = book.refundCalls.entries().flatMap(([index, one]): TimelineFact[] => {
    const { refundId, attemptNo, operation, tookMs: ms, answeredAt, outcome } = one;
    if (book.refunds.get(refundId)?.refund.paymentId !== id) return [];
    const cause = "cause" in outcome ? outcome.cause : null;
    const detail = { operation, outcome: outcome.outcome, cause, try: attemptNo, ms };
    const call = { at: answeredAt, kind: "gateway_call", actor: "system", ...PLAIN } as const;
    return [{ id: `refund_call:${index}`, ...call, refs: { refundId: String(refundId) }, detail }];
  });
  return [...inquiries, ...calls];
}

function callbacks(book: MemoryBook, id: number): TimelineFact[] {
  return book.callbacks.flatMap(({ paymentId, attemptId, at, outcome, channel, claim, note }, index) => {
    if (paymentId !== id) return [];
    const { signature, says } = claim;
    const detail = { channel, signature, says, outcome, note };
    const about = { kind: "gateway_callback", actor: "gateway", status: outcome, version: null } as const;
    return [
      { id: `gateway_callback:${index}`, at, ...about, refs: { attemptId: String(attemptId ?? "") }, detail },
    ];
  });
}

function refunds(book: MemoryBook, id: number): TimelineFact[] {
  return refundsOf(book, id).map((refund) => {
    const { origin, reason, version, status } = refund;
    const decided = {
      approvedBy: null,
      rejectedBy: null,
      failureReason: null,
      gatewayRefundId: null,
      ...refund,
    };
    const { failureReason } = decided;
    return {
      id: `refund:${refund.id}`,
      at: refund.createdAt,
      kind: "refund",
      actor: refund.createdBy,
      status,
      version: null,
      refs: { refundId: String(refund.id), gatewayRefundId: decided.gatewayRefundId ?? "" },
      detail: {
        amountMinor: Number(refund.amount.amountMinor),
        currency: refund.amount.currency,
        state: status,
        origin,
        reason,
        decidedBy: decided.approvedBy ?? decided.rejectedBy,
        failureReason,
        version,
      },
    };
  });
}

function subjectOf(event: Exclude<PaymentsEvent, { kind: "application" }>): string {
  if (event.kind === "late_receipt") return "payments.late_receipt.recorded";
  return event.kind === "mismatch" ? "payments.mismatch.confirmed" : `payments.${event.type}`;
}

function events(book: MemoryBook, reference: string): TimelineFact[] {
  return book.events.flatMap((event, index): TimelineFact[] => {
    if (event.kind === "application" || event.payment.reference !== reference) return [];
    const { version } = event.payment;
    const about = { at: event.occurredAt, kind: "event", actor: "system", status: null, version } as const;
    const refs = { eventId: String(index) };
    return [{ id: `event:${index}`, ...about, refs, detail: { subject: subjectOf(event) } }];
  });
}

/** The receipt's number, and the flags that were raised and taken off. */
function records(book: MemoryBook, id: number): TimelineFact[] {
  const receipt = book.receipts.get(id);
  const issued: TimelineFact[] = receipt
    ? [
        {
          id: `receipt:${receipt.number}`,
          at: receipt.issuedAt,
          kind: "receipt",
          actor: "system",
          ...PLAIN,
          refs: { receiptNumber: String(receipt.number) },
          detail: { number: receipt.number },
        },
      ]
    : [];
  const flags = book.reviews.flatMap(
    ({ paymentId, reason, raised, actor, note, at }, index): TimelineFact[] => {
      if (paymentId !== id) return [];
      const status = raised ? "RAISED" : "RESOLVED";
      return [
        {
          id: `review:${index}`,
          at,
          kind: "review",
          actor,
          status,
          version: null,
          refs: {},
          detail: { reason, note },
        },
      ];
    },
  );
  return [...issued, ...flags];
}
