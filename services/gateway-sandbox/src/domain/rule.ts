import { CHANNELS, type Channel } from "./channel.ts";
import {
  type Reader,
  type Reading,
  readCount,
  readFlag,
  readJson,
  readOneOf,
  readPartsOf,
  readText,
  readTexts,
} from "./json-reader.ts";
import { OUTCOMES, type Outcome } from "./outcome.ts";
import { type Fields, SIGN_MODES, type SignMode } from "./signature.ts";

export const OPERATIONS = ["session", "validate", "query", "refund", "refundStatus"] as const;

/** What a merchant can ask the gateway for. */
export type Operation = (typeof OPERATIONS)[number];

/** What one payment is known by; every key of a match has to hold, and a `*` in it stands for any text. */
export type Subject = {
  readonly tranId: string;
  /** In the merchant's currency, two decimals; on the two refund operations the amount of the refund. */
  readonly amount: string;
  readonly email: string;
  readonly storeId: string;
};

/** A customer who acts by themselves. */
export type CustomerPart = Partial<{
  readonly outcome: Outcome;
  readonly channel: Channel;
  readonly afterMs: number;
}>;

/** What happens to a callback on its way. `setSigned` changes fields before they are signed, `set` after it. */
export type CallbackPart = Partial<{
  readonly drop: boolean;
  readonly delayMs: number;
  readonly copies: number;
  readonly sign: SignMode;
  readonly setSigned: Fields;
  readonly set: Fields;
}>;

const BODIES = ["normal", "html", "empty", "truncated"] as const;
const CUTS = ["none", "before", "after"] as const;

/** What happens to an answer. `cut` closes the connection before or after the effect of the call. */
export type ReplyPart = Partial<{
  readonly status: number;
  readonly body: (typeof BODIES)[number];
  readonly delayMs: number;
  readonly cut: (typeof CUTS)[number];
  /** Top-level fields; a name with `element.` in front goes to every element of a query. */
  readonly set: Fields;
}>;

/** What validation and query say instead of what was ordered and paid. */
export type TruthPart = Partial<{
  readonly amount: string;
  readonly currency: string;
  readonly storeId: string;
  readonly tranId: string;
  readonly reversedAfterMs: number;
}>;

/** The one way to choose a behaviour. Every part is optional. */
export type Rule = Partial<{
  readonly name: string;
  readonly match: Partial<Subject>;
  /** Counted per operation: the first `skip` uses pass by, then the rule holds `times` times (absent: for ever). */
  readonly skip: number;
  readonly times: number;
  readonly customer: CustomerPart;
  readonly ipn: CallbackPart;
  readonly return: CallbackPart;
  readonly reply: Partial<Record<Operation, ReplyPart>>;
  readonly truth: TruthPart;
}>;

const callbackPartReaders = {
  drop: readFlag,
  delayMs: readCount,
  copies: readCount,
  sign: readOneOf(SIGN_MODES),
  setSigned: readTexts,
  set: readTexts,
};

const readCallbackPart: Reader<CallbackPart> = readPartsOf<CallbackPart>(callbackPartReaders);

const readReplyPart: Reader<ReplyPart> = readPartsOf<ReplyPart>({
  status: readCount,
  body: readOneOf(BODIES),
  delayMs: readCount,
  cut: readOneOf(CUTS),
  set: readTexts,
});

const readRule: Reader<Rule> = readPartsOf<Rule>({
  name: readText,
  match: readPartsOf<Subject>({ tranId: readText, amount: readText, email: readText, storeId: readText }),
  skip: readCount,
  times: readCount,
  customer: readPartsOf<CustomerPart>({
    outcome: readOneOf(OUTCOMES),
    channel: readOneOf(CHANNELS),
    afterMs: readCount,
  }),
  ipn: readCallbackPart,
  return: readCallbackPart,
  reply: readPartsOf<Record<Operation, ReplyPart>>({
    session: readReplyPart,
    validate: readReplyPart,
    query: readReplyPart,
    refund: readReplyPart,
    refundStatus: readReplyPart,
  }),
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
