import { create } from "@bufbuild/protobuf";
import type { HandlerContext, ServiceImpl } from "@connectrpc/connect";
import { DomainError, invalid } from "@oi/kernel/errors";
import { callerOf } from "@oi/platform/rpc/caller";
import type { PageTokens } from "@oi/platform/rpc/page-token";
import {
  type AdjustmentLeg,
  type Adjustment as AdjustmentMessage,
  AdjustmentSchema,
  AdjustmentStatus,
  type AdjustmentTemplate as TemplateMessage,
} from "@oi/proto/ledger/v1/adjustment";
import {
  type AdjustmentsService,
  type ListAdjustmentsRequest,
  ListAdjustmentsRequestSchema,
  type ProposeAdjustmentRequest,
} from "@oi/proto/ledger/v1/adjustments_service";
import { toTimestamp } from "@oi/proto/public/time";
import type { ApproveAdjustment, DeclineAdjustment, ProposeAdjustment } from "../../application/adjust.ts";
import { adjustmentNotFound } from "../../application/missing.ts";
import type { Adjustments, LedgerReads } from "../../application/ports.ts";
import type { Adjustment, AdjustmentContent } from "../../domain/adjustment.ts";
import { type AdjustmentTemplate, templateLegs } from "../../domain/adjustment-template.ts";
import { isDay } from "../../domain/calendar-day.ts";
import type { Leg } from "../../domain/draft.ts";
import { scopeOf, transactionMessage } from "./messages.ts";
import { numberOf, pageSize, pagesOf } from "./paging.ts";

export type AdjustmentUseCases = {
  readonly propose: ProposeAdjustment;
  readonly approve: ApproveAdjustment;
  readonly decline: DeclineAdjustment;
  readonly adjustments: Pick<Adjustments, "byId" | "list">;
  readonly reads: Pick<LedgerReads, "transaction">;
  readonly pageTokens: PageTokens;
};

/** The person on whose behalf the caller acts: the door accepts `oi-actor` only from callers that may name one. */
function personOf(context: HandlerContext): string {
  const { actor } = callerOf(context);
  if (actor !== null && /^[\w.:@-]{1,200}$/.test(actor)) return actor;
  throw new DomainError("FORBIDDEN", "Only a person who is named in oi-actor may do this.", {
    metadata: { cause: "ROLE_MISSING" },
  });
}

/** Adjustments as both doors mount them. */
export function adjustmentsService(useCases: AdjustmentUseCases): ServiceImpl<typeof AdjustmentsService> {
  const { adjustments, reads } = useCases;
  const pages = pagesOf<ListAdjustmentsRequest>(useCases.pageTokens, ListAdjustmentsRequestSchema);
  return {
    proposeAdjustment: async (request, context) => {
      const adjustment = await useCases.propose(scopeOf(request.book), {
        content: contentOf(request),
        key: request.idempotencyKey,
        maker: personOf(context),
        isOpening: request.template?.name === "opening",
      });
      return { adjustment: adjustmentMessage(adjustment) };
    },
    approveAdjustment: async ({ book, id }, context) => {
      const scope = scopeOf(book);
      const adjustment = await useCases.approve(scope, Number(id), personOf(context));
      const { state } = adjustment;
      const found =
        state.status === "POSTED" ? await reads.transaction(scope, { by: "SEQ", seq: state.seq }) : null;
      return {
        adjustment: adjustmentMessage(adjustment),
        ...(found && "transaction" in found ? { transaction: transactionMessage(found.transaction) } : {}),
      };
    },
    declineAdjustment: async ({ book, id, reason }, context) => {
      const adjustment = await useCases.decline(scopeOf(book), Number(id), personOf(context), reason);
      return { adjustment: adjustmentMessage(adjustment) };
    },
    getAdjustment: async ({ book, id }) => {
      const adjustment = await adjustments.byId(scopeOf(book), Number(id));
      if (!adjustment) throw adjustmentNotFound();
      return { adjustment: adjustmentMessage(adjustment) };
    },
    listAdjustments: async (request) => {
      const { book, proposedOnly } = request;
      const size = pageSize(request.pageSize);
      const before = numberOf(pages.begin(request));
      const found = await adjustments.list(scopeOf(book), { proposedOnly, before, limit: size + 1 });
      const page = found.slice(0, size);
      const last = found.length > size ? page.at(-1) : undefined;
      return {
        adjustments: page.map(adjustmentMessage),
        nextPageToken: pages.next(request, last ? [last.id] : null),
      };
    },
  };
}

function contentOf(request: ProposeAdjustmentRequest): AdjustmentContent {
  const { legs, template, reverseSeq, businessDate } = request;
  const ways = [legs.length > 0, template !== undefined, reverseSeq !== undefined].filter(Boolean);
  if (ways.length !== 1) throw invalid({ legs: "give legs, a template or a transaction to reverse" });
  if (businessDate !== "" && !isDay(businessDate))
    throw invalid({ businessDate: "is no day of the calendar" });
  return {
    businessDate: businessDate || null,
    conditions: request.conditions.map(({ path, currency, minMinor, maxMinor }) => ({
      path,
      currency,
      minMinor: minMinor ?? null,
      maxMinor: maxMinor ?? null,
    })),
    legs: template ? templateLegs(templateOf(template)) : legs.map(legOf),
    reason: request.reason,
    reference: request.reference || null,
    reverseSeq: reverseSeq === undefined ? null : Number(reverseSeq),
  };
}

function legOf({ path, currency, amountMinor, ref }: AdjustmentLeg): Leg {
  return { path, currency, amountMinor, ref: ref ?? null };
}

function templateOf(message: TemplateMessage): AdjustmentTemplate {
  const { name, currency, amountMinor, ref, gateway, path } = message;
  if (name !== "opening" && amountMinor <= 0n) throw invalid({ "template.amountMinor": "must be positive" });
  if (name === "write-off" || name === "opening")
    return { name, currency, amountMinor, path, ref: ref ?? null };
  if (ref === undefined) throw invalid({ "template.ref": "must name the open item" });
  return name === "accept-mismatch"
    ? { name, currency, amountMinor, ref, gateway }
    : { name: "release-late-money", currency, amountMinor, ref };
}

function adjustmentMessage({ id, content, maker, state, ...times }: Adjustment): AdjustmentMessage {
  const { legs, conditions, reverseSeq } = content;
  return create(AdjustmentSchema, {
    id: BigInt(id),
    status: AdjustmentStatus[state.status === "INVALID" ? "REFUSED" : state.status],
    reason: content.reason,
    legs: legs.map(({ ref, ...leg }) => ({ ...leg, ...(ref === null ? {} : { ref }) })),
    ...(reverseSeq === null ? {} : { reverseSeq: BigInt(reverseSeq) }),
    conditions: conditions.map(({ path, currency, minMinor, maxMinor }) => ({
      path,
      currency,
      ...(minMinor === null ? {} : { minMinor }),
      ...(maxMinor === null ? {} : { maxMinor }),
    })),
    businessDate: content.businessDate ?? "",
    reference: content.reference ?? "",
    maker,
    createdAt: toTimestamp(times.createdAt),
    expiresAt: toTimestamp(times.expiresAt),
    ...("checker" in state ? { checker: state.checker } : {}),
    ...("decidedAt" in state ? { decidedAt: toTimestamp(state.decidedAt) } : {}),
    ...(state.status === "POSTED" ? { seq: BigInt(state.seq) } : {}),
    ...(state.status === "REFUSED" ? { refusal: state.code } : {}),
    ...(state.status === "DECLINED" ? { refusal: state.why } : {}),
    ...(state.status === "INVALID" ? { refusal: state.refusal.metadata.cause ?? state.refusal.message } : {}),
  });
}
