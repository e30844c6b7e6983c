import type { CallbackChannel, CallbackStatus } from "../domain/callback.ts";
import { MAGIC_ROWS } from "../domain/magic/table.ts";
import { formatAmount, parseAmount } from "../domain/money.ts";
import type { Outage } from "../domain/outage.ts";
import type { Refund } from "../domain/refund.ts";
import type { Operation, Subject } from "../domain/rule.ts";
import { clearRules, createRuleBook, type RuleBook } from "../domain/rule-book.ts";
import type { Order, PaymentTry, Session } from "../domain/session.ts";
import type { Fields, SignMode } from "../domain/signature.ts";
import { createJournal, type Journal } from "./journal.ts";

/** A callback that is ready to leave. */
export type PreparedCallback = {
  readonly channel: CallbackChannel;
  readonly status: CallbackStatus;
  readonly tranId: string;
  readonly sessionkey: string;
  readonly sign: SignMode;
  readonly url: string | null;
  readonly fields: Fields;
  /** Fields that stand in the body once more, behind the others. */
  readonly repeats: Fields;
};

/** The body in the order of the wire. */
export function listPairs({ fields, repeats }: PreparedCallback): readonly (readonly [string, string])[] {
  return [...Object.entries(fields), ...Object.entries(repeats)];
}

/** Everything the simulator knows. It lives in memory and is gone with the process. */
export type World = {
  readonly sessions: Map<string, Session>;
  readonly keysByTranId: Map<string, readonly string[]>;
  /** Both `val_id` and `bank_tran_id` lead to the session they belong to. */
  readonly keysByReference: Map<string, string>;
  readonly refunds: Map<string, Refund>;
  readonly outages: Map<Operation, Outage>;
  readonly lastCallbacks: Map<string, PreparedCallback>;
  /** By session: the genuine return that was carried to the merchant. A lost one is not here. */
  readonly returns: Map<string, PreparedCallback>;
  readonly rules: RuleBook;
  readonly journal: Journal;
};

export function createWorld(): World {
  return {
    sessions: new Map(),
    keysByTranId: new Map(),
    keysByReference: new Map(),
    refunds: new Map(),
    outages: new Map(),
    lastCallbacks: new Map(),
    returns: new Map(),
    rules: createRuleBook(MAGIC_ROWS),
    journal: createJournal(),
  };
}

export function clearWorld(world: World): void {
  world.sessions.clear();
  world.keysByTranId.clear();
  world.keysByReference.clear();
  world.refunds.clear();
  world.outages.clear();
  world.lastCallbacks.clear();
  world.returns.clear();
  clearRules(world.rules);
  world.journal.clear();
}

/** Stores a new or changed session and keeps the ways to it. */
export function putSession(world: World, session: Session): void {
  const { tranId } = session.order;
  if (!world.sessions.has(session.key)) {
    world.keysByTranId.set(tranId, [...(world.keysByTranId.get(tranId) ?? []), session.key]);
  }
  world.sessions.set(session.key, session);
  for (const { valId, bankTranId } of session.tries) {
    if (valId !== "") world.keysByReference.set(valId, session.key);
    world.keysByReference.set(bankTranId, session.key);
  }
}

/** In the order of opening; more than one only where the same `tran_id` may be used again. */
export function findSessionsByTranId(world: World, tranId: string): readonly Session[] {
  return (world.keysByTranId.get(tranId) ?? []).flatMap((key) => world.sessions.get(key) ?? []);
}

export type FoundTry = { readonly session: Session; readonly found: PaymentTry };

function findTry(world: World, reference: string, holds: (found: PaymentTry) => boolean): FoundTry | null {
  const session = world.sessions.get(world.keysByReference.get(reference) ?? "");
  const found = session?.tries.find(holds);
  return session && found ? { session, found } : null;
}

export function findTryByValId(world: World, valId: string): FoundTry | null {
  return findTry(world, valId, (found) => found.valId !== "" && found.valId === valId);
}

export function findTryByBankTranId(world: World, bankTranId: string): FoundTry | null {
  return findTry(world, bankTranId, (found) => found.bankTranId === bankTranId);
}

/** What rules match on. */
export function describeSubject(order: Order): Subject {
  return {
    of: "payment",
    tranId: order.tranId,
    amount: formatAmount(order.currencyAmountMinor),
    currency: order.currency,
    email: order.email,
    storeId: order.storeId,
    unit: `${order.storeId} ${order.values.value_a || order.tranId}`,
  };
}

/** `9` and `9.00` are one amount; what is no amount matches as it is written. */
export function normaliseAmount(text: string): string {
  const minor = parseAmount(text);
  return minor === null ? text : formatAmount(minor);
}

/** A refund of that payment; refunds are in BDT. */
export function describeRefundSubject(payment: Subject, refundTransId: string, amount: string): Subject {
  return {
    ...payment,
    of: "refund",
    amount: normaliseAmount(amount),
    currency: "BDT",
    unit: `${payment.storeId} ${refundTransId}`,
  };
}
