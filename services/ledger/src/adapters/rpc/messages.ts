import { create, type MessageInitShape } from "@bufbuild/protobuf";
import type { Scope } from "@oi/kernel/scope";
import { type Account as AccountMessage, AccountSchema } from "@oi/proto/ledger/v1/account";
import type { BookRef } from "@oi/proto/ledger/v1/book";
import { type Transaction as TransactionMessage, TransactionSchema } from "@oi/proto/ledger/v1/transaction";
import { modeFromProto } from "@oi/proto/public/scope";
import { toTimestamp } from "@oi/proto/public/time";
import { type Account, balanceOf, normalBalanceOf } from "../../domain/account.ts";
import { fromHex } from "../../domain/canonical-bytes.ts";
import { chartLine } from "../../domain/chart.ts";
import { eventIdOf } from "../../domain/event-identity.ts";
import type { Entry, Transaction } from "../../domain/transaction.ts";
import { kindName } from "../../domain/transaction-kind.ts";

/** The request's validation made sure that there is a book and that its mode is known. */
export function scopeOf(book: BookRef | undefined): Scope {
  return { applicationId: Number(book?.applicationId ?? 0n), mode: modeFromProto(book?.mode ?? 0) };
}

export function accountMessage(account: Account): AccountMessage {
  return create(AccountSchema, {
    path: account.path,
    currency: account.currency,
    code: chartLine(account.path).code,
    clearing: account.clearing,
    debitsMinor: account.debitsMinor,
    creditsMinor: account.creditsMinor,
    balanceMinor: balanceOf(account),
    normalBalanceMinor: normalBalanceOf(account),
    version: BigInt(account.version),
    status: account.status,
  });
}

export function transactionMessage(transaction: Transaction): TransactionMessage {
  return create(TransactionSchema, {
    seq: BigInt(transaction.seq),
    kind: kindName(transaction.kind),
    rule: transaction.rule,
    businessDate: transaction.businessDate,
    occurredAt: toTimestamp(transaction.occurredAt),
    recordedAt: toTimestamp(transaction.recordedAt),
    idempotencyKey: transaction.key,
    reference: transaction.reference,
    eventId: transaction.eventUuid === null ? "" : eventIdOf(transaction.eventUuid),
    actor: transaction.actor,
    approver: transaction.approver ?? "",
    ...(transaction.reversesSeq === null ? {} : { reversesSeq: BigInt(transaction.reversesSeq) }),
    blockNo: BigInt(transaction.blockNo),
    leaf: fromHex(transaction.leaf),
    details: transaction.details,
    legs: transaction.entries.map(legMessage),
  });
}

type LegInit = NonNullable<Exclude<MessageInitShape<typeof TransactionSchema>["legs"], undefined>>[number];

function legMessage(entry: Entry): LegInit {
  return {
    leg: entry.leg,
    path: entry.path,
    currency: entry.currency,
    amountMinor: entry.amountMinor,
    balanceAfterMinor: entry.balanceAfterMinor,
    accountVersion: BigInt(entry.accountVersion),
    ...(entry.ref === null ? {} : { ref: entry.ref }),
  };
}
