import type { CheckoutState, DifferingMoney, LateMoney, LatePaymentPolicy } from "./checkout.ts";
import type { Lang } from "./language.ts";

/** Why a page other than a payment's own is shown. */
export type Notice = "notFound" | "gatewayDown" | "serviceDown" | "refused" | "badRequest" | "broken";

type Text = { readonly heading: string; readonly text: string };
/** States whose words hold no amount. */
type PlainState = Exclude<CheckoutState, "payable" | "partlyRefunded" | "refunded">;

/** Every string of the customer's pages. A missing language or state does not compile. */
export type Messages = {
  readonly product: string;
  readonly testBand: string;
  readonly payHeading: (app: string) => string;
  readonly payText: string;
  readonly payBefore: (time: string) => string;
  readonly pay: (amount: string) => string;
  readonly continuePaying: string;
  readonly returnTo: (app: string) => string;
  readonly tryAgain: string;
  readonly reference: string;
  readonly paidAt: string;
  readonly paidWith: string;
  readonly refundedAt: string;
  readonly timeLeft: string;
  /** Said five minutes and one minute before the end, and at the end. */
  readonly timeSpoken: readonly [fiveMinutes: string, oneMinute: string, over: string];
  readonly states: Readonly<Record<PlainState, Text>>;
  readonly partlyRefunded: (refunded: string, net: string) => Text;
  readonly refunded: (amount: string) => Text;
  /** What happens to money that was taken although the payment is closed. */
  readonly ifMoneyWasTaken: Readonly<Record<LatePaymentPolicy, string>>;
  /** Money that came after the payment was closed. */
  readonly lateMoney: Readonly<Record<LateMoney["state"], (amount: string) => string>>;
  /** Money that is not what was asked for; how much it is, is a person's to say. */
  readonly differingMoney: Readonly<Record<Exclude<DifferingMoney, "SETTLED">, string>>;
  /** Money that came once more. */
  readonly extraMoney: Readonly<Record<LateMoney["state"], (amount: string) => string>>;
  readonly notices: Readonly<Record<Notice, Text>>;
};

const en: Messages = {
  product: "Payment",
  testBand: "TEST – no money moves",
  payHeading: (app) => `Pay ${app}`,
  payText: "You will go to SSLCOMMERZ to pay by card, bKash, Nagad or bank.",
  payBefore: (time) => `Please pay before ${time} (Dhaka time).`,
  pay: (amount) => `Pay ${amount}`,
  continuePaying: "Continue paying",
  returnTo: (app) => `Return to ${app}`,
  tryAgain: "Try again",
  reference: "Reference",
  paidAt: "Paid at",
  paidWith: "Paid with",
  refundedAt: "Returned at",
  timeLeft: "Time left",
  timeSpoken: ["5 minutes left.", "1 minute left.", "The time is over."],
  states: {
    waiting: {
      heading: "Checking",
      text: "We are asking the bank. Money may have been taken: do not pay again. You may close this page.",
    },
    review: { heading: "Being checked", text: "A person is looking at this payment. Do not pay again." },
    paid: { heading: "Paid", text: "Thank you. The payment is complete." },
    failed: { heading: "Payment failed", text: "The payment did not go through." },
    cancelled: { heading: "Cancelled", text: "You cancelled this payment." },
    expired: { heading: "Link expired", text: "Ask the shop for a new link." },
  },
  partlyRefunded: (refunded, net) => ({
    heading: `Paid, ${refunded} refunded`,
    text: `The payment is complete. After the refund it comes to ${net}.`,
  }),
  refunded: (amount) => ({ heading: "Refunded", text: `${amount} was returned.` }),
  ifMoneyWasTaken: {
    REFUND: "If money was taken, it is returned by itself.",
    HOLD: "If money was taken, the shop will contact you.",
  },
  lateMoney: {
    RETURNING: (amount) => `${amount} came in after this payment was closed. It is being returned.`,
    RETURNED: (amount) => `${amount} came in after this payment was closed and was returned.`,
    HELD: (amount) =>
      `${amount} came in after this payment was closed. The shop will contact you; do not pay again.`,
  },
  differingMoney: {
    HELD: "Money came in that is not what was asked for. A person is looking at it; do not pay again. The shop will contact you.",
    RETURNING: "Money came in that is not what was asked for. It is being returned.",
    RETURNED: "Money came in that is not what was asked for. It was returned.",
  },
  extraMoney: {
    RETURNING: (amount) => `You paid more than once. The extra ${amount} is being returned.`,
    RETURNED: (amount) => `You paid more than once. The extra ${amount} was returned.`,
    HELD: (amount) => `You paid ${amount} too much. The shop will contact you.`,
  },
  notices: {
    notFound: { heading: "Payment not found", text: "Please check the link." },
    gatewayDown: {
      heading: "Not possible just now",
      text: "The gateway does not answer. You have not been charged. Try again in a minute.",
    },
    serviceDown: {
      heading: "Not possible just now",
      text: "We cannot show this payment at the moment. Try again in a minute.",
    },
    refused: {
      heading: "This payment cannot be made",
      text: "You have not been charged. Ask the shop for another way to pay.",
    },
    badRequest: {
      heading: "This did not work",
      text: "The request was not understood. Please go back and try again.",
    },
    broken: { heading: "Something went wrong", text: "The mistake is ours. Try again in a minute." },
  },
};

const bn: Messages = {
  product: "পেমেন্ট",
  testBand: "পরীক্ষামূলক – কোনো টাকা কাটা হবে না",
  payHeading: () => "পেমেন্ট সম্পন্ন করুন",
  payText: "কার্ড, বিকাশ, নগদ বা ব্যাংকে পরিশোধের জন্য আপনাকে SSLCOMMERZ-এ নেওয়া হবে।",
  payBefore: (time) => `${time} (ঢাকার সময়)-এর আগে পরিশোধ করুন।`,
  pay: (amount) => `${amount} পরিশোধ করুন`,
  continuePaying: "পরিশোধ চালিয়ে যান",
  returnTo: (app) => `${app}-এ ফিরে যান`,
  tryAgain: "আবার চেষ্টা করুন",
  reference: "রেফারেন্স",
  paidAt: "পরিশোধের সময়",
  paidWith: "পরিশোধের মাধ্যম",
  refundedAt: "ফেরতের সময়",
  timeLeft: "বাকি সময়",
  timeSpoken: ["আর ৫ মিনিট বাকি।", "আর ১ মিনিট বাকি।", "সময় শেষ।"],
  states: {
    waiting: {
      heading: "যাচাই করা হচ্ছে",
      text: "আমরা ব্যাংকের কাছে জানতে চাইছি। টাকা কাটা হয়ে থাকতে পারে: আবার পরিশোধ করবেন না। পাতাটি বন্ধ করতে পারেন।",
    },
    review: { heading: "যাচাই চলছে", text: "একজন কর্মী পেমেন্টটি দেখছেন। আবার পরিশোধ করবেন না।" },
    paid: { heading: "পরিশোধ হয়েছে", text: "ধন্যবাদ। পেমেন্টটি সম্পন্ন হয়েছে।" },
    failed: { heading: "পেমেন্ট সফল হয়নি", text: "পেমেন্টটি সম্পন্ন হয়নি।" },
    cancelled: { heading: "বাতিল করা হয়েছে", text: "আপনি পেমেন্টটি বাতিল করেছেন।" },
    expired: { heading: "লিংকের মেয়াদ শেষ", text: "দোকানের কাছে নতুন লিংক চান।" },
  },
  partlyRefunded: (refunded, net) => ({
    heading: `পরিশোধ হয়েছে, ${refunded} ফেরত`,
    text: `পেমেন্টটি সম্পন্ন হয়েছে। ফেরতের পর মোট ${net}।`,
  }),
  refunded: (amount) => ({
    heading: "টাকা ফেরত দেওয়া হয়েছে",
    text: `${amount} ফেরত দেওয়া হয়েছে।`,
  }),
  ifMoneyWasTaken: {
    REFUND: "টাকা কাটা হয়ে থাকলে তা নিজে থেকেই ফেরত যাবে।",
    HOLD: "টাকা কাটা হয়ে থাকলে দোকান আপনার সঙ্গে যোগাযোগ করবে।",
  },
  lateMoney: {
    RETURNING: (amount) => `পেমেন্টটি বন্ধ হওয়ার পর ${amount} এসেছে। তা ফেরত দেওয়া হচ্ছে।`,
    RETURNED: (amount) => `পেমেন্টটি বন্ধ হওয়ার পর ${amount} এসেছিল, এবং তা ফেরত দেওয়া হয়েছে।`,
    HELD: (amount) => `পেমেন্টটি বন্ধ হওয়ার পর ${amount} এসেছে। দোকান আপনার সঙ্গে যোগাযোগ করবে; আবার পরিশোধ করবেন না।`,
  },
  differingMoney: {
    HELD: "যে পরিমাণ চাওয়া হয়েছিল তার থেকে ভিন্ন টাকা এসেছে। একজন কর্মী তা দেখছেন; আবার পরিশোধ করবেন না। দোকান আপনার সঙ্গে যোগাযোগ করবে।",
    RETURNING: "যে পরিমাণ চাওয়া হয়েছিল তার থেকে ভিন্ন টাকা এসেছে। তা ফেরত দেওয়া হচ্ছে।",
    RETURNED: "যে পরিমাণ চাওয়া হয়েছিল তার থেকে ভিন্ন টাকা এসেছিল, এবং তা ফেরত দেওয়া হয়েছে।",
  },
  extraMoney: {
    RETURNING: (amount) => `আপনি একাধিকবার পরিশোধ করেছেন। অতিরিক্ত ${amount} ফেরত দেওয়া হচ্ছে।`,
    RETURNED: (amount) => `আপনি একাধিকবার পরিশোধ করেছেন। অতিরিক্ত ${amount} ফেরত দেওয়া হয়েছে।`,
    HELD: (amount) => `আপনি ${amount} বেশি পরিশোধ করেছেন। দোকান আপনার সঙ্গে যোগাযোগ করবে।`,
  },
  notices: {
    notFound: { heading: "পেমেন্টটি পাওয়া যায়নি", text: "লিংকটি মিলিয়ে দেখুন।" },
    gatewayDown: {
      heading: "এখন সম্ভব হচ্ছে না",
      text: "গেটওয়ে সাড়া দিচ্ছে না। আপনার টাকা কাটা হয়নি। এক মিনিট পরে আবার চেষ্টা করুন।",
    },
    serviceDown: {
      heading: "এখন সম্ভব হচ্ছে না",
      text: "এই মুহূর্তে পেমেন্টটি দেখানো যাচ্ছে না। এক মিনিট পরে আবার চেষ্টা করুন।",
    },
    refused: {
      heading: "এই পেমেন্টটি করা যাচ্ছে না",
      text: "আপনার টাকা কাটা হয়নি। দোকানের কাছে পরিশোধের অন্য উপায় জানতে চান।",
    },
    badRequest: { heading: "কাজটি হয়নি", text: "অনুরোধটি বোঝা যায়নি। ফিরে গিয়ে আবার চেষ্টা করুন।" },
    broken: { heading: "কিছু একটা ভুল হয়েছে", text: "ভুলটি আমাদের। এক মিনিট পরে আবার চেষ্টা করুন।" },
  },
};

export const MESSAGES: Readonly<Record<Lang, Messages>> = { en, bn };
