import { describeChannel } from "./channel.ts";
import { formatTranDate, type Instant } from "./dhaka-time.ts";
import { amountAfterFee, formatAmount } from "./money.ts";
import type { Order, PaymentTry, Session } from "./session.ts";
import { type Digests, type Fields, type SignMode, signInMode } from "./signature.ts";

export const CALLBACK_CHANNELS = ["ipn", "return"] as const;
export type CallbackChannel = (typeof CALLBACK_CHANNELS)[number];

export const CALLBACK_STATUSES = [
  "VALID",
  "FAILED",
  "CANCELLED",
  "UNATTEMPTED",
  "EXPIRED",
  "PENDING",
] as const;
export type CallbackStatus = (typeof CALLBACK_STATUSES)[number];

/** `tran_date` as the gateway's own clock shows it. */
export function printTranDate({ tranDateSkewMs }: Order, at: Instant): string {
  return formatTranDate(at + tranDateSkewMs);
}

/** The 27 signed fields of a paid try. */
export function describePaid(order: Order, paid: PaymentTry): Fields {
  const channel = describeChannel(paid.channel);
  return {
    ...order.values,
    amount: formatAmount(order.amountMinor),
    bank_tran_id: paid.bankTranId,
    base_fair: "0.00",
    card_brand: channel.brand,
    card_issuer: channel.issuer,
    card_issuer_country: "Bangladesh",
    card_issuer_country_code: "BD",
    card_no: channel.cardNo,
    card_sub_brand: channel.subBrand,
    card_type: channel.cardType,
    currency: "BDT",
    currency_amount: formatAmount(order.currencyAmountMinor),
    currency_rate: order.rate,
    currency_type: order.currency,
    error: paid.error,
    risk_level: String(paid.risk),
    risk_title: paid.risk === 1 ? "High Risk" : "Safe",
    status: "VALID",
    store_amount: formatAmount(amountAfterFee(order.amountMinor)),
    store_id: order.storeId,
    tran_date: printTranDate(order, paid.at),
    tran_id: order.tranId,
    val_id: paid.valId,
  };
}

/** The body of a failed try as integrators captured it. */
function describeFailed(order: Order, failed: PaymentTry | null, now: Instant): Fields {
  return {
    ...order.values,
    amount: formatAmount(order.amountMinor),
    bank_tran_id: failed?.bankTranId ?? "",
    base_fair: "0.00",
    currency: "BDT",
    currency_amount: formatAmount(order.currencyAmountMinor),
    currency_rate: order.rate,
    currency_type: order.currency,
    error: failed?.error ?? "Declined by the issuing bank",
    status: "FAILED",
    store_id: order.storeId,
    tran_date: printTranDate(order, failed?.at ?? now),
    tran_id: order.tranId,
  };
}

/** No complete capture of the other negative bodies is public; they are known to be short. */
function describeShort(order: Order, status: CallbackStatus, now: Instant): Fields {
  return {
    ...order.values,
    amount: formatAmount(order.amountMinor),
    currency: "BDT",
    status,
    store_id: order.storeId,
    tran_date: printTranDate(order, now),
    tran_id: order.tranId,
  };
}

/** What a callback with this status says before it is signed. `told` is the try it speaks of, if there is one. */
export function describeCallback(
  session: Session,
  status: CallbackStatus,
  told: PaymentTry | null,
  now: Instant,
): Fields {
  if (status === "VALID" && told !== null) return describePaid(session.order, told);
  if (status === "FAILED") return describeFailed(session.order, told, now);
  return describeShort(session.order, status, now);
}

/** Where a callback goes; null when the merchant named no address for it. */
export function findAddress(
  { order }: Session,
  channel: CallbackChannel,
  status: CallbackStatus,
): string | null {
  if (channel === "ipn") return order.ipnUrl;
  if (status === "VALID" || status === "PENDING") return order.successUrl;
  return status === "FAILED" ? order.failUrl : order.cancelUrl;
}

export type Dressing = {
  readonly sign: SignMode;
  readonly setSigned: Fields;
  readonly set: Fields;
  readonly passwords: { readonly own: string; readonly other: string };
};

/** Callbacks of some years ago lacked these, and the unsigned one. */
const NEWER = new Set(["card_sub_brand", "error"]);

function omitNewer(said: Fields): Fields {
  return Object.fromEntries(Object.entries(said).filter(([name]) => !NEWER.has(name)));
}

/** Fields that stand in the body once more, with what a forger would like to be read. */
export function repeatFields(sign: SignMode): Fields {
  return sign === "duplicate_field" ? { amount: "1.00" } : {};
}

/** Signs what is said, adds the one field that newer callbacks send unsigned, and only then overwrites with `set`. */
export function dressCallback(
  said: Fields,
  { sign, setSigned, set, passwords }: Dressing,
  digests: Digests,
): Fields {
  const isOld = sign === "old_25_keys";
  const signed = { ...(isOld ? omitNewer(said) : said), ...setSigned };
  const signature = signInMode(signed, sign, passwords, digests);
  return { ...signed, ...signature, ...(isOld ? {} : { subscription_id: "" }), ...set };
}
