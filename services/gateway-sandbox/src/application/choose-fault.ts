import { formatAmount } from "../domain/money.ts";
import type { OutageMode } from "../domain/outage.ts";
import { readRemainingMs } from "../domain/outage.ts";
import type { Operation, ReplyPart, Subject } from "../domain/rule.ts";
import { takePart } from "../domain/rule-book.ts";
import type { Fields } from "../domain/signature.ts";
import type { Clock } from "./ports.ts";
import {
  describeSubject,
  findSessionsByTranId,
  findTryByBankTranId,
  findTryByValId,
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

function findSubject(world: World, op: Operation, fields: Fields): Subject {
  const refund = world.refunds.get(fields.refund_ref_id ?? "");
  const session =
    findTryByValId(world, fields.val_id ?? "")?.session ??
    findTryByBankTranId(world, fields.bank_tran_id ?? refund?.bankTranId ?? "")?.session ??
    world.sessions.get(fields.sessionkey ?? "") ??
    findSessionsByTranId(world, fields.tran_id ?? "").at(-1);
  const known =
    op === "session" || session === undefined
      ? {
          tranId: fields.tran_id ?? "",
          amount: fields.total_amount ?? "",
          email: fields.cus_email ?? "",
          storeId: fields.store_id ?? "",
        }
      : describeSubject(session.order);
  if (op === "refund") return { ...known, amount: fields.refund_amount ?? "" };
  if (op === "refundStatus" && refund) return { ...known, amount: formatAmount(refund.amountMinor) };
  return known;
}

/** An outage is stronger than any rule. */
export function createChooseFault(ports: { readonly world: World; readonly clock: Clock }): ChooseFault {
  const { world, clock } = ports;
  return (op, fields) => {
    const subject = findSubject(world, op, fields);
    const { tranId } = subject;
    const outage = world.outages.get(op);
    const remainingMs = readRemainingMs(outage, clock.now());
    if (outage !== undefined && remainingMs > 0) {
      return { fault: { kind: "outage", mode: outage.mode, remainingMs }, tranId };
    }
    const taken = takePart(world.rules, `reply.${op}`, (rule) => rule.reply?.[op], subject);
    return {
      fault: taken ? { kind: "reply", part: taken.part, ruleName: taken.ruleName } : { kind: "none" },
      tranId,
    };
  };
}
