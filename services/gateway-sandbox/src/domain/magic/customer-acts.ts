import type { CustomerPart } from "../rule.ts";
import {
  expires,
  fails,
  familyOf,
  isCancelled,
  type MagicRow,
  reviewed,
  succeeds,
  withRefund,
} from "./row.ts";

const row = familyOf({ of: "payment", family: "customer", prefix: "4040" });

const acts = (customer: CustomerPart) => [{ customer: { channel: "VISA", ...customer } as const }];

const LATE_MS = 2_000;

/** What the customer does on the hosted page. */
export const CUSTOMER_ROWS: readonly MagicRow[] = [
  row("00", "paid by Visa", acts({ outcome: "success" }), succeeds("at once")),
  row(
    "01",
    "paid, marked as risky",
    acts({ outcome: "success_risk" }),
    reviewed(succeeds("riskLevel 1, under review"), "RISK"),
  ),
  row("02", "declined", acts({ outcome: "fail" }), fails("after a second, agreeing answer")),
  row("03", "cancelled by the customer", acts({ outcome: "cancel" }), isCancelled("at once")),
  row("04", "left without trying", acts({ outcome: "leave" }), expires("at the payment's expiry")),
  row(
    "05",
    "waited until the session expired",
    acts({ outcome: "wait" }),
    expires("at the payment's expiry"),
  ),
  row(
    "06",
    "pending for five seconds, then paid",
    acts({ outcome: "pending_then_valid" }),
    succeeds("after 5 s"),
  ),
  row(
    "07",
    "declined, then paid in the same session",
    acts({ outcome: "fail_then_success" }),
    succeeds("the failed try is no failure of the payment"),
  ),
  row(
    "08",
    "paid twice in the same session",
    acts({ outcome: "double_success" }),
    withRefund(succeeds("the second charge is given back")),
  ),
  row("09", "paid by bKash", acts({ outcome: "success", channel: "BKASH" }), succeeds("at once")),
  row("10", "paid by Nagad", acts({ outcome: "success", channel: "NAGAD" }), succeeds("at once")),
  row("11", "paid by Rocket", acts({ outcome: "success", channel: "ROCKET" }), succeeds("at once")),
  row(
    "12",
    "paid by internet banking",
    acts({ outcome: "success", channel: "INTERNETBANK" }),
    succeeds("at once"),
  ),
  row(
    "13",
    "paid two seconds after the session expired",
    acts({ outcome: "wait", lateMs: LATE_MS }),
    withRefund(expires("late money is given back, by the application's policy")),
  ),
  row(
    "14",
    "paid two seconds after it was cancelled",
    acts({ outcome: "cancel", lateMs: LATE_MS }),
    withRefund(isCancelled("late money is given back, by the application's policy")),
  ),
  row(
    "15",
    "paid two seconds after it was declined",
    acts({ outcome: "fail", lateMs: LATE_MS }),
    succeeds("a failure is asked for again before it is believed, and by then there is money"),
  ),
];
