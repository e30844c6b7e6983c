import { formatAmount } from "../domain/money.ts";
import type { OutageMode } from "../domain/outage.ts";
import { readRemainingMs } from "../domain/outage.ts";
import type { Operation, ReplyPart, Subject } from "../domain/rule.ts";
import { takePart } from "../domain/rule-book.ts";
import type { Fields } from "../domain/signature.ts";
import type { Clock } from "./ports.ts";
import {
  describeRefundSubject,
  describeSubject,
  findSessionsByTranId,
  findTryByBankTranId,
  findTryByValId,
  normaliseAmount,
  type World,
} from "./world.ts";

/** What goes wrong with one call: nothing, the whole operation is down, or a rule shapes the answer. */
export type Fault =
  | { readonly kind: "none" }
  | { readonly kind: "outage"; readonly mode: OutageMode; readonly remainingMs: number }
  | { readonly kind: "reply"; readonly part: ReplyPart; readonly ruleName: string };

export type ChooseFault = (
  op: Operation,
  fields: Fields,
) => { readonly fault: Fault; readonly tranId: string };

/** What a request says of itself, where the books do not know it yet. */
function describeRequest(fields: Fields): Subject {
  const { tran_id: tranId = "", store_id: storeId = "" } = fields;
  return {
    of: "payment",
    tranId,
    amount: normaliseAmount(fields.total_amount ?? ""),
    currency: fields.currency ?? "",
    email: fields.cus_email ?? "",
    storeId,
    unit: `${storeId} ${fields.value_a || tranId}`,
  };
}

function findSubject(world: World, op: Operation, fields: Fields): Subject {
  const refund = world.refunds.get(fields.refund_ref_id ?? "");
  const session =
    findTryByValId(world, fields.val_id ?? "")?.session ??
    findTryByBankTranId(world, fields.bank_tran_id ?? refund?.bankTranId ?? "")?.session ??
    world.sessions.get(fields.sessionkey ?? "") ??
    findSessionsByTranId(world, fields.tran_id ?? "").at(-1);
  const known =
    op === "session" || session === undefined ? describeRequest(fields) : describeSubject(session.order);
  if (op === "refund") {
    return describeRefundSubject(known, fields.refund_trans_id ?? "", fields.refund_amount ?? "");
  }
  if (op === "refundStatus" && refund) {
    return describeRefundSubject(known, refund.refundTransId, formatAmount(refund.amountMinor));
  }
  return known;
}

/** An outage is stronger than any rule. */
export function createChooseFault(ports: { readonly world: World; readonly clock: Clock }): ChooseFault {
  const { world, clock } = ports;
  return (op, fields) => {
    const subject = findSubject(world, op, fields);
    const { tranId } = subject;
    const outage = world.outages.get(op);
    const now = clock.now();
    const remainingMs = readRemainingMs(outage, now);
    if (outage !== undefined && remainingMs > 0) {
      return { fault: { kind: "outage", mode: outage.mode, remainingMs }, tranId };
    }
    const taken = takePart(world.rules, `reply.${op}`, (rule) => rule.reply?.[op], subject, now);
    return {
      fault: taken ? { kind: "reply", part: taken.part, ruleName: taken.ruleName } : { kind: "none" },
      tranId,
    };
  };
}
