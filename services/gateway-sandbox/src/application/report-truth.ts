import type { Instant } from "../domain/dhaka-time.ts";
import { amountAfterFee, formatAmount } from "../domain/money.ts";
import { type Refund, readRefundStatus, sumRefunds } from "../domain/refund.ts";
import { nameRules } from "../domain/rule-book.ts";
import { describeStatus, isPaid, type PaymentTry, type Session } from "../domain/session.ts";
import type { Clock } from "./ports.ts";
import { describeSubject, findSessionsByTranId, type World } from "./world.ts";

type Report = Readonly<Record<string, unknown>>;

/** Reads the simulator's own books: what tests compare a merchant's books with. */
export type ReportTruth = {
  /** Money that was taken, one entry per paid try. */
  charges(tranId: string | null): readonly Report[];
  /** Refunds that were executed; refused ones are not here. */
  refunds(tranId: string | null): readonly Report[];
  sessions(tranId: string | null): readonly Report[];
};

function describeCharge(world: World, { key, order }: Session, paid: PaymentTry, now: Instant): Report {
  return {
    tranId: order.tranId,
    storeId: order.storeId,
    sessionkey: key,
    valId: paid.valId,
    bankTranId: paid.bankTranId,
    status: paid.status,
    channel: paid.channel,
    riskLevel: paid.risk,
    amount: formatAmount(order.amountMinor),
    currency: "BDT",
    currencyAmount: formatAmount(order.currencyAmountMinor),
    currencyType: order.currency,
    storeAmount: formatAmount(amountAfterFee(order.amountMinor)),
    refunded: formatAmount(sumRefunds(world.refunds.values(), paid.bankTranId, now)),
    chargedAt: paid.at,
  };
}

function describeRefund(refund: Refund, now: Instant): Report {
  const status = readRefundStatus(refund, now);
  return {
    refundRefId: refund.refundRefId,
    refundTransId: refund.refundTransId,
    tranId: refund.tranId,
    storeId: refund.storeId,
    bankTranId: refund.bankTranId,
    amount: formatAmount(refund.amountMinor),
    status,
    initiatedAt: refund.initiatedAt,
    refundedAt: status === "refunded" ? refund.endsAt : null,
  };
}

function describeSession(world: World, session: Session): Report {
  return {
    sessionkey: session.key,
    tranId: session.order.tranId,
    storeId: session.order.storeId,
    status: describeStatus(session),
    ended: session.ended,
    amount: formatAmount(session.order.currencyAmountMinor),
    currency: session.order.currency,
    email: session.order.email,
    successUrl: session.order.successUrl,
    failUrl: session.order.failUrl,
    cancelUrl: session.order.cancelUrl,
    ipnUrl: session.order.ipnUrl,
    values: session.order.values,
    openedAt: session.openedAt,
    expiresAt: session.expiresAt,
    rules: nameRules(world.rules, describeSubject(session.order)),
    tries: session.tries,
  };
}

export function createReportTruth(ports: { readonly world: World; readonly clock: Clock }): ReportTruth {
  const { world, clock } = ports;

  const listSessions = (tranId: string | null): readonly Session[] =>
    tranId === null ? [...world.sessions.values()] : findSessionsByTranId(world, tranId);

  return {
    charges: (tranId) =>
      listSessions(tranId).flatMap((session) =>
        session.tries.filter(isPaid).map((paid) => describeCharge(world, session, paid, clock.now())),
      ),
    refunds: (tranId) =>
      [...world.refunds.values()]
        .filter((refund) => tranId === null || refund.tranId === tranId)
        .map((refund) => describeRefund(refund, clock.now())),
    sessions: (tranId) => listSessions(tranId).map((session) => describeSession(world, session)),
  };
}
