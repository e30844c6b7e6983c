import { parseAmount } from "../domain/money.ts";
import type { References } from "../domain/references.ts";
import { type Refund, sumRefunds } from "../domain/refund.ts";
import type { Subject } from "../domain/rule.ts";
import { findPolicy, takePart } from "../domain/rule-book.ts";
import { isPaid } from "../domain/session.ts";
import type { Fields } from "../domain/signature.ts";
import { isStore } from "./check-store.ts";
import type { Answer, Clock, Operate, Stores } from "./ports.ts";
import { describeRefundSubject, describeSubject, findTryByBankTranId, type World } from "./world.ts";

export type RefundPaymentPorts = {
  readonly world: World;
  readonly stores: Stores;
  readonly clock: Clock;
  readonly references: References;
  readonly refundDelayMs: number;
  readonly duplicateRefund: "reject" | "replay" | "execute_again";
};

const LIMITS: Readonly<Record<string, number>> = {
  bank_tran_id: 80,
  refund_trans_id: 30,
  refund_amount: 11,
  refund_remarks: 255,
};

const isComplete = (fields: Fields): boolean =>
  Object.entries(LIMITS).every(([name, limit]) => {
    const text = fields[name] ?? "";
    return text !== "" && [...text].length <= limit;
  });

const describeAccepted = (refund: Refund): Answer => ({
  body: {
    APIConnect: "DONE",
    bank_tran_id: refund.bankTranId,
    trans_id: refund.tranId,
    refund_ref_id: refund.refundRefId,
    status: "success",
    errorReason: "",
  },
});

const refuse = (fields: Fields, tranId: string, errorReason: string): Answer => ({
  body: {
    APIConnect: "DONE",
    bank_tran_id: fields.bank_tran_id ?? "",
    trans_id: tranId,
    refund_ref_id: "",
    status: "failed",
    errorReason,
  },
});

const describeRefund = (fields: Fields, payment: Subject): Subject =>
  describeRefundSubject(payment, fields.refund_trans_id ?? "", fields.refund_amount ?? "");

/** Queues a refund. What is asked for may never exceed what was paid, all refunds of the payment taken together. */
export function createRefundPayment(ports: RefundPaymentPorts): Operate {
  const { world, stores, clock, references, refundDelayMs, duplicateRefund } = ports;

  const findDuplicatePolicy = (fields: Fields): RefundPaymentPorts["duplicateRefund"] => {
    const session = findTryByBankTranId(world, fields.bank_tran_id ?? "")?.session;
    const subject = session && describeRefund(fields, describeSubject(session.order));
    return (subject && findPolicy(world.rules, subject).duplicateRefund) ?? duplicateRefund;
  };

  const execute = (fields: Fields, isBlind: boolean): Answer => {
    const { bank_tran_id: bankTranId = "", refund_trans_id: refundTransId = "" } = fields;
    const hit = isBlind ? null : findTryByBankTranId(world, bankTranId);
    if (hit === null || !isPaid(hit.found) || hit.session.order.storeId !== fields.store_id) {
      return refuse(fields, "", "Invalid bank_tran_id");
    }
    const { tranId, storeId, amountMinor: paidMinor } = hit.session.order;
    const amountMinor = parseAmount(fields.refund_amount ?? "");
    if (amountMinor === null || amountMinor === 0n) return refuse(fields, tranId, "Invalid refund_amount");
    const initiatedAt = clock.now();
    if (sumRefunds(world.refunds.values(), bankTranId, initiatedAt) + amountMinor > paidMinor) {
      return refuse(fields, tranId, "Refund amount exceeds the remaining amount");
    }
    const subject = describeRefund(fields, describeSubject(hit.session.order));
    const { end = "refunded", afterMs = refundDelayMs } =
      takePart(world.rules, "refund", (rule) => rule.refund, subject, initiatedAt)?.part ?? {};
    const refund: Refund = {
      refundRefId: references.refundRef(),
      refundTransId,
      bankTranId,
      tranId,
      storeId,
      amountMinor,
      initiatedAt,
      endsAt: initiatedAt + afterMs,
      end,
    };
    world.refunds.set(refund.refundRefId, refund);
    return describeAccepted(refund);
  };

  return (fields, isBlind = false) => {
    if (!isStore(stores, fields)) return { body: { APIConnect: "FAILED" } };
    if (!isComplete(fields)) return { body: { APIConnect: "INVALID_REQUEST" } };
    const isSame = (refund: Refund): boolean =>
      refund.refundTransId === fields.refund_trans_id && refund.storeId === fields.store_id;
    const policy = findDuplicatePolicy(fields);
    const earlier = [...world.refunds.values()].find(isSame);
    if (earlier !== undefined && policy === "replay") return describeAccepted(earlier);
    if (earlier !== undefined && policy === "reject") {
      return refuse(fields, earlier.tranId, "Duplicate refund_trans_id");
    }
    return execute(fields, isBlind);
  };
}
