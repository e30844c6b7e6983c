import type { IpnPart, Rule } from "../rule.ts";
import { expires, familyOf, type MagicRow, reviewed, succeeds, VISA_SUCCESS } from "./row.ts";

const row = familyOf({ of: "payment", family: "callbacks", prefix: "4041" });

const customer = VISA_SUCCESS;
const ipn = (part: IpnPart): readonly Rule[] => [{ customer, ipn: part }];

const ONCE = succeeds("one success, however it is told");
const BY_RETURN = succeeds("the return and the gateway's own answer are enough");
/** 241 characters of 255, with every sign that a careless decoder changes. */
const LONG_TEXT = "ধন্যবাদ & a=b+c %26 ; ".repeat(11).trim();

const LOST_ROWS: readonly MagicRow[] = [
  row("01", "the notification is lost", ipn({ drop: true }), BY_RETURN),
  row("02", "the browser never returns", [{ customer, return: { drop: true } }], ONCE),
  row(
    "03",
    "no callback at all",
    [{ customer, ipn: { drop: true }, return: { drop: true } }],
    succeeds("found by asking, from 30 s on"),
  ),
  row("04", "the notification is ten seconds late", ipn({ delayMs: 10_000 }), ONCE),
  row("05", "five copies of the notification", ipn({ copies: 5 }), ONCE),
  row("06", "twenty copies at the same time", ipn({ copies: 20, parallel: true }), ONCE),
  row("07", "the notification before the session answer", ipn({ order: "before_session_answer" }), ONCE),
  row("08", "the notification after the return", ipn({ order: "after_return" }), ONCE),
  row(
    "09",
    "FAILED of the first try after VALID of the second",
    [{ customer: { ...customer, outcome: "fail_then_success" } }, { times: 1, ipn: { delayMs: 2_000 } }],
    succeeds("a success is never downgraded"),
  ),
];

const SIGNATURE_ROWS: readonly MagicRow[] = [
  row("10", "a wrong signature", ipn({ sign: "bad" }), BY_RETURN),
  row("11", "no signature", ipn({ sign: "none" }), BY_RETURN),
  row("12", "the MD5 signature only", ipn({ sign: "md5_only" }), ONCE),
  row("13", "signed with another store's password", ipn({ sign: "other_password" }), BY_RETURN),
  row("14", "the amount is not among the signed names", ipn({ sign: "keys_dropped" }), BY_RETURN),
  row("15", "the 25 names of older notifications", ipn({ sign: "old_25_keys" }), ONCE),
  row("16", "the amount stands twice in the body", ipn({ sign: "duplicate_field" }), BY_RETURN),
  row("17", "another amount after signing", ipn({ set: { amount: "1.00" } }), BY_RETURN),
  row(
    "18",
    "another amount, signed",
    ipn({ setSigned: { amount: "1.00" } }),
    reviewed(succeeds("by the gateway's own answer"), "CLAIM_MISMATCH"),
  ),
  row(
    "19",
    "another store, signed",
    ipn({ setSigned: { store_id: "otherstore" } }),
    reviewed(succeeds("by the gateway's own answer"), "CLAIM_MISMATCH"),
  ),
  row("20", "an unknown tran_id, signed", ipn({ setSigned: { tran_id: "unknown-1" } }), BY_RETURN),
  row("21", "a status word never seen, signed", ipn({ setSigned: { status: "SETTLED" } }), BY_RETURN),
  row(
    "22",
    "long Bangla text and & = + in the values",
    ipn({ setSigned: { value_c: LONG_TEXT, value_d: "ক&খ=গ+ঘ" } }),
    ONCE,
  ),
];

/** Seconds between a forgery and the genuine act, so that each meets a settled state. */
const APART_MS = 2_000;

const FORGED_ROWS: readonly MagicRow[] = [
  row(
    "23",
    "a forged CANCELLED while the page is open",
    [{ customer: { ...customer, afterMs: APART_MS }, forged: [{ status: "CANCELLED", sign: "bad" }] }],
    succeeds("a forgery has no effect"),
  ),
  row(
    "24",
    "a forged FAILED after the success",
    [{ customer, forged: [{ status: "FAILED", sign: "bad", afterMs: APART_MS }] }],
    succeeds("a success is never downgraded"),
  ),
  row(
    "25",
    "a return that claims success, and nobody paid",
    [
      {
        customer: { ...customer, outcome: "wait" },
        forged: [{ channel: "return", status: "VALID", sign: "none" }],
      },
    ],
    expires("at the payment's expiry: the gateway knows of no money"),
  ),
  row(
    "26",
    "a return that names another payment",
    [
      {
        customer: { ...customer, afterMs: APART_MS },
        forged: [{ channel: "return", status: "VALID", sign: "none", borrow: true }],
      },
    ],
    succeeds("by the genuine callbacks only"),
  ),
];

/** What happens to notifications and returns on their way. */
export const CALLBACK_ROWS: readonly MagicRow[] = [...LOST_ROWS, ...SIGNATURE_ROWS, ...FORGED_ROWS];
