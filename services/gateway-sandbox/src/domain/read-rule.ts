import { CALLBACK_CHANNELS, CALLBACK_STATUSES } from "./callback.ts";
import { CHANNELS } from "./channel.ts";
import {
  type Reader,
  type Reading,
  readCount,
  readFlag,
  readHttpStatus,
  readJson,
  readListOf,
  readOffset,
  readOneOf,
  readPartsOf,
  readRate,
  readText,
  readTexts,
} from "./json-reader.ts";
import { OUTCOMES } from "./outcome.ts";
import { REFUND_STATUSES } from "./refund.ts";
import {
  BODIES,
  type CallbackPart,
  CUTS,
  type CustomerPart,
  type ForgedPart,
  IPN_ORDERS,
  type IpnPart,
  type Match,
  type Operation,
  type PolicyPart,
  REFUND_POLICIES,
  type RefundPart,
  type ReplyPart,
  type Rule,
  TRAN_ID_POLICIES,
  type TruthPart,
} from "./rule.ts";
import { SIGN_MODES } from "./signature.ts";

const change = { sign: readOneOf(SIGN_MODES), setSigned: readTexts, set: readTexts };

const callback = { ...change, drop: readFlag, delayMs: readCount, copies: readCount };

const readIpnPart: Reader<IpnPart> = readPartsOf<IpnPart>({
  ...callback,
  parallel: readFlag,
  order: readOneOf(IPN_ORDERS),
  retries: readCount,
  retryAfterMs: readCount,
});

/** Also read from the body of an admin call, where there is no `afterMs`. */
export const forged = {
  ...change,
  channel: readOneOf(CALLBACK_CHANNELS),
  status: readOneOf(CALLBACK_STATUSES),
  borrow: readFlag,
};

const readReplyPart: Reader<ReplyPart> = readPartsOf<ReplyPart>({
  status: readHttpStatus,
  body: readOneOf(BODIES),
  delayMs: readCount,
  cut: readOneOf(CUTS),
  set: readTexts,
  blind: readFlag,
  elementAs: readOneOf(["list", "object"]),
  dripMs: readCount,
  retryAfterSeconds: readCount,
});

const readPolicyPart: Reader<PolicyPart> = readPartsOf<PolicyPart>({
  sessionLifetimeMs: readCount,
  duplicateTranId: readOneOf(TRAN_ID_POLICIES),
  duplicateRefund: readOneOf(REFUND_POLICIES),
  rate: readRate,
  tranDateSkewMs: readOffset,
});

export const readRule: Reader<Rule> = readPartsOf<Rule>({
  name: readText,
  match: readPartsOf<Required<Match>>({
    tranId: readText,
    amount: readText,
    email: readText,
    storeId: readText,
  }),
  skip: readCount,
  times: readCount,
  forMs: readCount,
  per: readOneOf(["rule", "payment"]),
  customer: readPartsOf<CustomerPart>({
    outcome: readOneOf(OUTCOMES),
    channel: readOneOf(CHANNELS),
    afterMs: readCount,
    lateMs: readCount,
  }),
  ipn: readIpnPart,
  return: readPartsOf<CallbackPart>(callback),
  forged: readListOf(readPartsOf<ForgedPart>({ ...forged, afterMs: readCount })),
  reply: readPartsOf<Record<Operation, ReplyPart>>({
    session: readReplyPart,
    validate: readReplyPart,
    query: readReplyPart,
    refund: readReplyPart,
    refundStatus: readReplyPart,
  }),
  refund: readPartsOf<RefundPart>({ end: readOneOf(REFUND_STATUSES), afterMs: readCount }),
  policy: readPolicyPart,
  truth: readPartsOf<TruthPart>({
    amount: readText,
    currency: readText,
    storeId: readText,
    tranId: readText,
    reversedAfterMs: readCount,
  }),
});

export function parseRule(value: unknown): Reading<Rule> {
  return readJson(readRule, value, "rule");
}
