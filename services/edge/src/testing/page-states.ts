import type { Checkout } from "../domain/checkout.ts";

type Words = readonly [heading: string, ...sentences: string[]];

/** A state of the checkout page: how it comes about, and what it must say in both languages. */
export type PageState = {
  readonly name: string;
  readonly change: Partial<Checkout>;
  /** Behind the language in the address. */
  readonly query: string;
  readonly en: Words;
  readonly bn: Words;
};

const paidAt = Date.parse("2026-06-04T10:05:00Z");
const late = (state: "RETURNING" | "RETURNED" | "HELD") => ({ amountMinor: 125_000n, state });
const paid = { paidAt, method: { channel: "BKASH-BKash", brand: "MOBILEBANKING" }, version: 3 };

const REFUND: Words = ["If money was taken, it is returned by itself."];
const HOLD: Words = ["If money was taken, the shop will contact you."];
const REFUND_BN: Words = ["টাকা কাটা হয়ে থাকলে তা নিজে থেকেই ফেরত যাবে।"];
const HOLD_BN: Words = ["টাকা কাটা হয়ে থাকলে দোকান আপনার সঙ্গে যোগাযোগ করবে।"];

const PAYABLE = {
  en: ["Pay Storefront", "by card, bKash", "Please pay before 4 June 2126, 16:30"],
  bn: ["পেমেন্ট সম্পন্ন করুন", "SSLCOMMERZ-এ নেওয়া হবে", "৪ জুন ২১২৬, ১৬:৩০"],
} as const satisfies Record<string, Words>;
const WAITING = {
  en: ["Checking", "do not pay again. You may close this page."],
  bn: ["যাচাই করা হচ্ছে", "আবার পরিশোধ করবেন না। পাতাটি বন্ধ করতে পারেন।"],
} as const satisfies Record<string, Words>;

const REVIEW = {
  en: ["Being checked", "A person is looking at this payment. Do not pay again."],
  bn: ["যাচাই চলছে", "একজন কর্মী পেমেন্টটি দেখছেন। আবার পরিশোধ করবেন না।"],
} as const satisfies Record<string, Words>;
const DIFFERS = "Money came in that is not what was asked for.";
const DIFFERS_BN = "যে পরিমাণ চাওয়া হয়েছিল তার থেকে ভিন্ন টাকা";
const HELD = [`${DIFFERS} A person is looking at it; do not pay again. The shop will contact you.`] as const;
const HELD_BN = [
  `${DIFFERS_BN} এসেছে। একজন কর্মী তা দেখছেন; আবার পরিশোধ করবেন না। দোকান আপনার সঙ্গে যোগাযোগ করবে।`,
] as const;
const RETURNING = [`${DIFFERS} It is being returned.`] as const;
const RETURNING_BN = [`${DIFFERS_BN} এসেছে। তা ফেরত দেওয়া হচ্ছে।`] as const;

/** Every state of experience.md 2.2 that belongs to a payment. */
export const PAGE_STATES: readonly PageState[] = [
  { name: "created", change: {}, query: "", ...PAYABLE },
  { name: "created, from the gateway", change: {}, query: "&from=gateway", ...PAYABLE },
  { name: "pending", change: { status: "PENDING", version: 2 }, query: "", ...PAYABLE },
  { name: "waiting, from the gateway", change: { status: "PENDING" }, query: "&from=gateway", ...WAITING },
  {
    name: "waiting after a return",
    change: { status: "PENDING", awaitingConfirmation: true },
    query: "",
    ...WAITING,
  },
  {
    name: "review",
    change: { status: "PENDING", underReview: true },
    query: "&from=gateway",
    ...REVIEW,
  },
  {
    name: "review of money that differs",
    change: { status: "PENDING", differingMoney: "HELD" },
    query: "",
    ...REVIEW,
  },
  {
    name: "pending, differing money goes back",
    change: { status: "PENDING", differingMoney: "RETURNING" },
    query: "",
    en: ["Pay Storefront", ...RETURNING, "Please pay before"],
    bn: ["পেমেন্ট সম্পন্ন করুন", ...RETURNING_BN],
  },
  {
    name: "pending, the time is over",
    change: { status: "PENDING", expiresAt: paidAt },
    query: "",
    ...WAITING,
  },
  {
    name: "never opened, the time is over",
    change: { expiresAt: paidAt },
    query: "",
    en: ["Link expired", "Ask the shop for a new link.", ...REFUND],
    bn: ["লিংকের মেয়াদ শেষ", "দোকানের কাছে নতুন লিংক চান।", ...REFUND_BN],
  },
  {
    name: "paid",
    change: { status: "SUCCEEDED", ...paid },
    query: "",
    en: ["Paid", "The payment is complete.", "Paid with bKash"],
    bn: ["পরিশোধ হয়েছে", "পেমেন্টটি সম্পন্ন হয়েছে।", "পরিশোধের মাধ্যম বিকাশ"],
  },
  {
    name: "paid twice",
    change: { status: "SUCCEEDED", ...paid, lateMoney: late("RETURNING") },
    query: "",
    en: ["Paid", "The payment is complete.", "The extra ৳1,250.00 is being returned."],
    bn: ["পরিশোধ হয়েছে", "অতিরিক্ত ৳১,২৫০.০০ ফেরত দেওয়া হচ্ছে।"],
  },
  {
    name: "paid twice, held",
    change: { status: "SUCCEEDED", ...paid, latePaymentPolicy: "HOLD", lateMoney: late("HELD") },
    query: "",
    en: ["Paid", "You paid ৳1,250.00 too much. The shop will contact you."],
    bn: ["পরিশোধ হয়েছে", "আপনি ৳১,২৫০.০০ বেশি পরিশোধ করেছেন।"],
  },
  {
    name: "paid twice, returned",
    change: { status: "SUCCEEDED", ...paid, lateMoney: late("RETURNED") },
    query: "",
    en: ["Paid", "The extra ৳1,250.00 was returned."],
    bn: ["পরিশোধ হয়েছে", "অতিরিক্ত ৳১,২৫০.০০ ফেরত দেওয়া হয়েছে।"],
  },
  {
    name: "partly refunded",
    change: {
      status: "PARTIALLY_REFUNDED",
      ...paid,
      refundedMinor: 50_000n,
      refundedAt: paidAt + 86_400_000,
    },
    query: "",
    en: ["Paid, ৳500.00 refunded", "After the refund it comes to ৳750.00.", "Returned at 5 June 2026, 16:05"],
    bn: ["পরিশোধ হয়েছে, ৳৫০০.০০ ফেরত", "ফেরতের পর মোট ৳৭৫০.০০।", "ফেরতের সময় ৫ জুন ২০২৬, ১৬:০৫"],
  },
  {
    name: "refunded",
    change: { status: "REFUNDED", ...paid, refundedMinor: 125_000n, refundedAt: paidAt + 86_400_000 },
    query: "",
    en: ["Refunded", "৳1,250.00 was returned.", "Returned at 5 June 2026, 16:05"],
    bn: ["টাকা ফেরত দেওয়া হয়েছে", "৳১,২৫০.০০ ফেরত দেওয়া হয়েছে।"],
  },
  {
    name: "failed",
    change: { status: "FAILED" },
    query: "",
    en: ["Payment failed", ...REFUND],
    bn: ["পেমেন্ট সফল হয়নি", ...REFUND_BN],
  },
  {
    name: "failed, held",
    change: { status: "FAILED", latePaymentPolicy: "HOLD" },
    query: "",
    en: ["Payment failed", ...HOLD],
    bn: ["পেমেন্ট সফল হয়নি", ...HOLD_BN],
  },
  {
    name: "cancelled",
    change: { status: "CANCELLED" },
    query: "",
    en: ["Cancelled", "You cancelled this payment.", ...REFUND],
    bn: ["বাতিল করা হয়েছে", "আপনি পেমেন্টটি বাতিল করেছেন।", ...REFUND_BN],
  },
  {
    name: "expired",
    change: { status: "EXPIRED" },
    query: "",
    en: ["Link expired", "Ask the shop for a new link.", ...REFUND],
    bn: ["লিংকের মেয়াদ শেষ", "দোকানের কাছে নতুন লিংক চান।", ...REFUND_BN],
  },
  {
    name: "expired, money came",
    change: { status: "EXPIRED", lateMoney: late("RETURNING") },
    query: "",
    en: ["Link expired", "৳1,250.00 came in after this payment was closed. It is being returned."],
    bn: ["লিংকের মেয়াদ শেষ", "৳১,২৫০.০০ এসেছে। তা ফেরত দেওয়া হচ্ছে।"],
  },
  {
    name: "expired, money held",
    change: { status: "EXPIRED", latePaymentPolicy: "HOLD", lateMoney: late("HELD") },
    query: "",
    en: ["Link expired", "The shop will contact you; do not pay again."],
    bn: ["লিংকের মেয়াদ শেষ", "দোকান আপনার সঙ্গে যোগাযোগ করবে; আবার পরিশোধ করবেন না।"],
  },
  {
    name: "expired, money returned",
    change: { status: "EXPIRED", lateMoney: late("RETURNED") },
    query: "",
    en: ["Link expired", "৳1,250.00 came in after this payment was closed and was returned."],
    bn: ["লিংকের মেয়াদ শেষ", "৳১,২৫০.০০ এসেছিল, এবং তা ফেরত দেওয়া হয়েছে।"],
  },
  {
    name: "expired, differing money held",
    change: { status: "EXPIRED", underReview: true, differingMoney: "HELD" },
    query: "",
    en: ["Link expired", ...HELD],
    bn: ["লিংকের মেয়াদ শেষ", ...HELD_BN],
  },
  {
    name: "cancelled, differing money goes back",
    change: { status: "CANCELLED", differingMoney: "RETURNING" },
    query: "",
    en: ["Cancelled", ...RETURNING],
    bn: ["বাতিল করা হয়েছে", ...RETURNING_BN],
  },
  {
    name: "failed, differing money went back",
    change: { status: "FAILED", differingMoney: "RETURNED" },
    query: "",
    en: ["Payment failed", `${DIFFERS} It was returned.`],
    bn: ["পেমেন্ট সফল হয়নি", `${DIFFERS_BN} এসেছিল, এবং তা ফেরত দেওয়া হয়েছে।`],
  },
  {
    name: "expired, a person has judged the money",
    change: { status: "EXPIRED", differingMoney: "SETTLED" },
    query: "",
    en: ["Link expired", "Ask the shop for a new link.", ...HOLD],
    bn: ["লিংকের মেয়াদ শেষ", "দোকানের কাছে নতুন লিংক চান।", ...HOLD_BN],
  },
  {
    name: "failed, under review",
    change: { status: "FAILED", underReview: true },
    query: "",
    en: ["Payment failed", REVIEW.en[1], ...HOLD],
    bn: ["পেমেন্ট সফল হয়নি", REVIEW.bn[1], ...HOLD_BN],
  },
  {
    name: "paid, and other money came",
    change: { status: "SUCCEEDED", ...paid, underReview: true, differingMoney: "HELD" },
    query: "",
    en: ["Paid", "The payment is complete.", ...HELD],
    bn: ["পরিশোধ হয়েছে", ...HELD_BN],
  },
];

/** Sentences that are not true, or lead astray, where money came that no machine returns. */
export const ONLY_WITHOUT_SUCH_MONEY = [/by itself|নিজে থেকেই/, /new link|নতুন লিংক/] as const;
