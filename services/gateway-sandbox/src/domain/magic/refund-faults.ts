import type { ReplyPart, Rule } from "../rule.ts";
import { type Expectation, familyOf, type MagicRow, reviewed } from "./row.ts";

const row = familyOf({ of: "refund", family: "refunds", prefix: "20" });

const end = (states: readonly string[], note: string): Expectation => ({
  states,
  webhooks: states.slice(1).map((status) => `refund.${status.toLowerCase()}`),
  charges: 1,
  refunds: states.slice(-1),
  reviews: [],
  note,
});

const succeeds = (note: string): Expectation => end(["PENDING", "SUCCEEDED"], note);
const fails = (note: string): Expectation => end(["PENDING", "FAILED"], note);
const staysPending = (note: string): Expectation => reviewed(end(["PENDING"], note), "REFUND_UNKNOWN");

const UNKNOWN = staysPending("never sent again");

const refund = (reply: ReplyPart): readonly Rule[] => [{ reply: { refund: reply } }];

/** What becomes of a refund, by its own amount. */
export const REFUND_ROWS: readonly MagicRow[] = [
  row("00", "given back", [{ refund: { end: "refunded" } }], succeeds("when the gateway says refunded")),
  row("01", "refused at once", refund({ blind: true }), fails("with the gateway's reason")),
  row("02", "accepted, then cancelled", [{ refund: { end: "cancelled" } }], fails("after it was PENDING")),
  row(
    "03",
    "processing for ever",
    [{ refund: { end: "processing" } }],
    staysPending("asked for 30 days, then a person"),
  ),
  row("04", "executed, then cut off", refund({ cut: "after" }), UNKNOWN),
  row("05", "cut off before it was executed", refund({ cut: "before" }), UNKNOWN),
  row("06", "executed, then HTTP 500", refund({ status: 500, body: "html" }), UNKNOWN),
  row("07", "executed, then an HTML page", refund({ body: "html" }), UNKNOWN),
  row(
    "08",
    "APIConnect INVALID_REQUEST, not executed",
    refund({ blind: true, set: { APIConnect: "INVALID_REQUEST", status: "" } }),
    UNKNOWN,
  ),
  row(
    "09",
    "the status does not know the refund",
    [{ reply: { refundStatus: { blind: true } } }],
    staysPending("asked for 30 days, then a person"),
  ),
  row(
    "10",
    "the status is down for a minute",
    [{ forMs: 60_000, reply: { refundStatus: { status: 500, body: "html" } } }],
    succeeds("after the minute"),
  ),
];
