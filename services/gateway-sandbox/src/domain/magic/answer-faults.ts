import type { ReplyPart, Rule, TruthPart } from "../rule.ts";
import {
  type Expectation,
  expires,
  familyOf,
  type MagicRow,
  reviewed,
  staysPending,
  succeeds,
  VISA_SUCCESS,
} from "./row.ts";

const row = familyOf({ of: "payment", family: "answers", prefix: "4042" });

const customer = VISA_SUCCESS;
const pays: Rule = { customer };
/** Without any callback nothing is left to a merchant but the query. */
const paysUntold: Rule = { customer, ipn: { drop: true }, return: { drop: true } };

/** The first session of the payment is hit; the next one opens. */
const session = (reply: ReplyPart): readonly Rule[] => [pays, { times: 1, reply: { session: reply } }];
const validate = (reply: ReplyPart, times = 2): readonly Rule[] => [
  pays,
  { times, reply: { validate: reply } },
];
const query = (reply: ReplyPart): readonly Rule[] => [paysUntold, { times: 2, reply: { query: reply } }];
const truth = (part: TruthPart): readonly Rule[] => [{ customer, truth: part }];

const SECOND_CLICK = succeeds("after a second click: the first one is answered 503");
const LATER = succeeds("as soon as the gateway answers properly");
/** Money was taken that is not this payment's. */
const differs = (review: string): Expectation =>
  reviewed({ ...staysPending("nothing moves; the difference waits for a review"), charges: 1 }, review);

/** Longer than the merchant's 20 s. */
const TOO_SLOW_MS = 25_000;
const DOWN_MS = 60_000;

const SESSION_ROWS: readonly MagicRow[] = [
  row("01", "the session is refused", session({ blind: true }), SECOND_CLICK),
  row("02", "the session answers HTTP 500", session({ status: 500, body: "html" }), SECOND_CLICK),
  row("03", "the session answers an HTML page", session({ body: "html" }), SECOND_CLICK),
  row("04", "the session answers nothing", session({ body: "empty" }), SECOND_CLICK),
  row("05", "the session answer ends in the middle", session({ body: "truncated" }), SECOND_CLICK),
  row("06", "the session is created, then cut off", session({ cut: "after" }), SECOND_CLICK),
  row("07", "cut off before the session is created", session({ cut: "before" }), SECOND_CLICK),
  row(
    "08",
    "the session answer is slower than the deadline",
    session({ delayMs: TOO_SLOW_MS }),
    SECOND_CLICK,
  ),
  row("09", "the session answer drips, one byte a second", session({ body: "drip" }), SECOND_CLICK),
  row(
    "10",
    "the page is on a foreign host",
    session({ set: { GatewayPageURL: "https://pages.example/gwprocess/v4/gw.php" } }),
    SECOND_CLICK,
  ),
];

const VALIDATE_ROWS: readonly MagicRow[] = [
  row("11", "validation answers HTTP 500 once", validate({ status: 500, body: "html" }, 1), LATER),
  row(
    "12",
    "validation does not know what the query says is paid",
    validate({ blind: true }),
    succeeds("from the second query"),
  ),
  row("13", "validation answers an HTML page", validate({ body: "html" }), LATER),
  row("14", "validation says APIConnect FAILED", validate({ set: { APIConnect: "FAILED" } }), LATER),
  row(
    "15",
    "validation and query are down for a minute",
    [pays, { forMs: DOWN_MS, reply: { validate: { status: 500 }, query: { status: 500 } } }],
    LATER,
  ),
];

const OPEN_FOR_EVER = {
  "element.status": "PROCESSING",
  "element.val_id": "",
  "element.bank_tran_id": "",
};

const QUERY_ROWS: readonly MagicRow[] = [
  row("21", "the query says APIConnect FAILED", query({ set: { APIConnect: "FAILED" } }), LATER),
  row("22", "the query says APIConnect INACTIVE", query({ set: { APIConnect: "INACTIVE" } }), LATER),
  row("23", "the query finds nothing, later VALID", query({ blind: true }), LATER),
  row("24", "the query's element is an object", query({ elementAs: "object" }), LATER),
  row("25", "the query's count is text", query({ set: { no_of_trans_found: "1" } }), LATER),
  row(
    "26",
    "the query says PROCESSING for ever",
    [{ ...paysUntold, reply: { query: { set: OPEN_FOR_EVER } } }],
    { ...expires("at the payment's expiry: the gateway never tells of the money"), charges: 1 },
  ),
  row("27", "the query's status is an unlisted word", query({ set: { "element.status": "ON_HOLD" } }), LATER),
  row("28", "the query answers an HTML page", query({ body: "html" }), LATER),
  row("29", "the query is throttled", query({ status: 429, body: "empty", retryAfterSeconds: 30 }), LATER),
  row("30", "the query answers ten megabytes", query({ body: "huge" }), LATER),
];

const TRUTH_ROWS: readonly MagicRow[] = [
  row(
    "31",
    "the gateway's amount has lost its decimals",
    truth({ amount: "4042" }),
    differs("AMOUNT_MISMATCH"),
  ),
  row("32", "the gateway took 1.00 less", truth({ amount: "4041.32" }), differs("AMOUNT_MISMATCH")),
  row(
    "33",
    "the gateway took a hundred times as much",
    truth({ amount: "404233.00" }),
    differs("AMOUNT_MISMATCH"),
  ),
  row("34", "the gateway took another currency", truth({ currency: "USD" }), differs("CURRENCY_MISMATCH")),
  row("35", "the gateway names another store", truth({ storeId: "otherstore" }), differs("STORE_MISMATCH")),
  row(
    "36",
    "the gateway names another tran_id",
    truth({ tranId: "unknown-1" }),
    differs("REFERENCE_MISMATCH"),
  ),
  row("37", "the gateway's amount has three decimals", truth({ amount: "4042.370" }), {
    ...staysPending("an amount that cannot be read decides nothing"),
    charges: 1,
  }),
  row(
    "38",
    "paid now, and reversed five seconds later",
    truth({ reversedAfterMs: 5_000 }),
    reviewed(succeeds("the status stays"), "GATEWAY_CONTRADICTION"),
  ),
];

/** What the gateway answers, and what it believes. */
export const ANSWER_ROWS: readonly MagicRow[] = [
  ...SESSION_ROWS,
  ...VALIDATE_ROWS,
  ...QUERY_ROWS,
  ...TRUTH_ROWS,
];
