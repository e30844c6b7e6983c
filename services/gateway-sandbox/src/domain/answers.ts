import { describePaid, printTranDate } from "./callback.ts";
import { describeChannel } from "./channel.ts";
import type { Instant } from "./dhaka-time.ts";
import { formatAmount } from "./money.ts";
import type { TruthPart } from "./rule.ts";
import { describeStatus, isPaid, type PaymentTry, type Session } from "./session.ts";
import type { Fields } from "./signature.ts";

/** Fields of validation and query that this gateway never fills. */
const CONSTANT: Fields = {
  emi_instalment: "0",
  emi_amount: "0.00",
  emi_description: "",
  emi_issuer: "",
  discount_amount: "0.00",
  discount_percentage: "0.00",
  discount_remarks: "",
  account_details: "",
  gw_version: "",
};

function applyTruth(fields: Fields, session: Session, truth: TruthPart): Fields {
  const isLocal = session.order.currency === "BDT";
  return {
    ...fields,
    ...(truth.amount === undefined ? {} : { amount: truth.amount }),
    ...(truth.amount !== undefined && isLocal ? { currency_amount: truth.amount } : {}),
    ...(truth.currency === undefined ? {} : { currency: truth.currency, currency_type: truth.currency }),
    ...(truth.storeId === undefined ? {} : { store_id: truth.storeId }),
    ...(truth.tranId === undefined ? {} : { tran_id: truth.tranId }),
  };
}

/** One try as validation and query tell it. A reversed payment reads CANCELLED from its time on. */
export function describeTry(session: Session, told: PaymentTry, truth: TruthPart, now: Instant): Fields {
  const isReversed =
    isPaid(told) && truth.reversedAfterMs !== undefined && now >= told.at + truth.reversedAfterMs;
  const fields: Fields = {
    ...describePaid(session.order, told),
    ...(isPaid(told) ? {} : { store_amount: "0.00" }),
    ...CONSTANT,
    bank_gw: describeChannel(told.channel).bankGateway,
    status: isReversed ? "CANCELLED" : told.status,
    validated_on: told.validatedAt === null ? "" : printTranDate(session.order, told.validatedAt),
  };
  return isPaid(told) ? applyTruth(fields, session, truth) : fields;
}

/** A session that nobody has tried to pay: what is known is the order. */
function describeIdle({ order, openedAt, ...session }: Session): Fields {
  return {
    ...CONSTANT,
    ...order.values,
    amount: formatAmount(order.amountMinor),
    bank_gw: "",
    bank_tran_id: "",
    base_fair: "0.00",
    card_brand: "",
    card_issuer: "",
    card_issuer_country: "",
    card_issuer_country_code: "",
    card_no: "",
    card_sub_brand: "",
    card_type: "",
    currency: "BDT",
    currency_amount: formatAmount(order.currencyAmountMinor),
    currency_rate: order.rate,
    currency_type: order.currency,
    error: "",
    risk_level: "0",
    risk_title: "Safe",
    status: describeStatus({ order, openedAt, ...session }),
    store_amount: "0.00",
    store_id: order.storeId,
    tran_date: printTranDate(order, openedAt),
    tran_id: order.tranId,
    val_id: "",
    validated_on: "",
  };
}

/** One element per try, or one for a session without any. */
export function describeSession(session: Session, truth: TruthPart, now: Instant): readonly Fields[] {
  return session.tries.length === 0
    ? [describeIdle(session)]
    : session.tries.map((told) => describeTry(session, told, truth, now));
}
