import { create } from "@bufbuild/protobuf";
import { invalid } from "@oi/kernel/errors";
import { type Block as BlockMessage, BlockSchema } from "@oi/proto/ledger/v1/block";
import {
  type AsOf,
  type BookHead as BookHeadMessage,
  BookHeadSchema,
  type FrozenRejection,
  FrozenRejectionSchema,
  type OpenItem as OpenItemMessage,
  OpenItemSchema,
  type ParkedEvent as ParkedEventMessage,
  ParkedEventSchema,
  type StatementLine as StatementLineMessage,
  StatementLineSchema,
} from "@oi/proto/ledger/v1/ledger_service";
import { modeToProto } from "@oi/proto/public/scope";
import { fromTimestamp, toTimestamp } from "@oi/proto/public/time";
import {
  type BookHead,
  type Moment,
  NOW,
  type ParkedEvent,
  type Rejection,
} from "../../application/ports.ts";
import type { Block } from "../../domain/block.ts";
import { isDay } from "../../domain/calendar-day.ts";
import { hasWrongSign, type OpenItem } from "../../domain/open-item.ts";
import type { StatementLine } from "../../domain/statement.ts";
import { kindName } from "../../domain/transaction-kind.ts";

/** Raises VALIDATION_ERROR for a day that no calendar has. */
export function momentOf(asOf: AsOf | undefined): Moment {
  switch (asOf?.at.case) {
    case "seq":
      return { at: "SEQ", seq: Number(asOf.at.value) };
    case "recordedAt":
      return { at: "RECORDED", instant: fromTimestamp(asOf.at.value) };
    case "businessDate":
      if (!isDay(asOf.at.value)) throw invalid({ "asOf.businessDate": "is no day of the calendar" });
      return { at: "BUSINESS_DATE", date: asOf.at.value };
    default:
      return NOW;
  }
}

export function bookHeadMessage(book: BookHead): BookHeadMessage {
  return create(BookHeadSchema, {
    applicationId: BigInt(book.scope.applicationId),
    mode: modeToProto(book.scope.mode),
    lastSeq: BigInt(book.lastSeq),
    lastBlock: BigInt(book.lastBlock),
    head: book.head,
    recordedAt: toTimestamp(book.recordedAt),
  });
}

export function statementLineMessage(line: StatementLine): StatementLineMessage {
  return create(StatementLineSchema, {
    seq: BigInt(line.seq),
    leg: line.leg,
    businessDate: line.businessDate,
    recordedAt: toTimestamp(line.recordedAt),
    kind: kindName(line.kind),
    reference: line.reference,
    ...(line.ref === null ? {} : { ref: line.ref }),
    amountMinor: line.amountMinor,
    balanceAfterMinor: line.balanceAfterMinor,
    accountVersion: BigInt(line.accountVersion),
  });
}

export function openItemMessage(item: OpenItem): OpenItemMessage {
  return create(OpenItemSchema, {
    path: item.path,
    currency: item.currency,
    ref: item.ref,
    amountMinor: item.amountMinor,
    openedAt: toTimestamp(item.openedAt),
    openedSeq: BigInt(item.openedSeq),
    lastSeq: BigInt(item.lastSeq),
    ageSeconds: BigInt(item.ageSeconds),
    wrongSign: hasWrongSign(item),
  });
}

export function rejectionMessage({ key, code, recordedAt, blockNo }: Rejection): FrozenRejection {
  return create(FrozenRejectionSchema, {
    idempotencyKey: key,
    code,
    recordedAt: toTimestamp(recordedAt),
    blockNo: BigInt(blockNo),
  });
}

export function blockMessage(block: Block): BlockMessage {
  return create(BlockSchema, {
    blockNo: BigInt(block.blockNo),
    fromSeq: BigInt(block.fromSeq),
    toSeq: BigInt(block.toSeq),
    leafCount: block.leafCount,
    // Hashed in microseconds, so they are shown.
    recordedAt: {
      seconds: block.recordedUs / 1_000_000n,
      nanos: Number(block.recordedUs % 1_000_000n) * 1_000,
    },
    root: block.root,
    prev: block.prev,
    hash: block.hash,
  });
}

export function parkedEventMessage({ event, reason, error, parkedAt }: ParkedEvent): ParkedEventMessage {
  return create(ParkedEventSchema, {
    eventUuid: event.uuid,
    eventId: event.id,
    subject: event.subject,
    reason,
    error,
    parkedAt: toTimestamp(parkedAt),
  });
}
