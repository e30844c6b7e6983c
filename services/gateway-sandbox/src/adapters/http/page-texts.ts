import type { Channel } from "../../domain/channel.ts";
import type { Outcome } from "../../domain/outcome.ts";

/** A radio button's name and the sentence of what the merchant will see. */
type Choice = readonly [name: string, meaning: string];

export type PageTexts = {
  readonly language: "en" | "bn";
  readonly band: string;
  readonly notReal: string;
  readonly merchant: string;
  readonly product: string;
  readonly amount: string;
  readonly session: string;
  readonly rules: string;
  readonly channelLegend: string;
  readonly outcomeLegend: string;
  readonly channels: Readonly<Record<Channel, string>>;
  readonly outcomes: Readonly<Record<Outcome, Choice>>;
  readonly callbacks: string;
  readonly dropIpn: string;
  readonly dropReturn: string;
  readonly lateIpn: string;
  readonly repeatIpn: string;
  readonly forgeIpn: string;
  readonly submit: string;
  readonly chooseBoth: string;
  readonly returning: string;
  readonly returnButton: string;
  readonly unknown: readonly [title: string, text: string];
  readonly ended: readonly [title: string, text: string];
  readonly left: readonly [title: string, text: string];
  readonly waiting: readonly [title: string, text: string];
  readonly lost: readonly [title: string, text: string];
};

const ENGLISH: PageTexts = {
  language: "en",
  band: "SANDBOX GATEWAY – TEST",
  notReal: "A simulator. No bank is asked and no money moves.",
  merchant: "Merchant",
  product: "Product",
  amount: "Amount",
  session: "Session ends with",
  rules: "Rules in force",
  channelLegend: "Pay with",
  outcomeLegend: "What happens",
  channels: {
    VISA: "Visa",
    MASTERCARD: "Mastercard",
    AMEX: "American Express",
    BKASH: "bKash",
    NAGAD: "Nagad",
    ROCKET: "Rocket",
    INTERNETBANK: "Internet banking",
  },
  outcomes: {
    success: ["Success", "The payment is made and the merchant is told VALID."],
    success_risk: ["Success with risk", "The payment is made, and marked as risky."],
    fail: ["Fail", "The bank declines; the merchant is told FAILED."],
    cancel: ["Cancel", "You cancel; the merchant is told CANCELLED."],
    leave: ["Leave", "You go away without trying; the merchant is told UNATTEMPTED and you do not return."],
    wait: ["Wait until it expires", "Nothing happens until the session's lifetime ends as EXPIRED."],
    pending_then_valid: [
      "Pending, then paid",
      "You return while the money is moving; it arrives five seconds later.",
    ],
    fail_then_success: ["Fail, then try again", "The first try is declined and the second one is paid."],
    double_success: ["Pay twice", "You are charged two times in this session."],
  },
  callbacks: "Callbacks",
  dropIpn: "Lose the notification (IPN) to the merchant",
  dropReturn: "Lose the browser's return to the merchant",
  lateIpn: "Send the notification ten seconds late",
  repeatIpn: "Send the notification five times",
  forgeIpn: "Sign the notification wrongly",
  submit: "Continue",
  chooseBoth: "Choose one way to pay and one outcome.",
  returning: "Returning to the merchant",
  returnButton: "Return to the merchant",
  unknown: ["Session not found", "This gateway does not know the session. Begin again at the merchant."],
  ended: ["Session ended", "This session has ended and cannot be paid any more. Its status is:"],
  left: [
    "You left",
    "The merchant was told that you went away. Until the session expires you may come back and pay.",
  ],
  waiting: ["Waiting", "Nothing was sent. The merchant is told when the session expires."],
  lost: ["Return lost", "Your choice was carried out, but your browser does not return to the merchant."],
};

const BANGLA: PageTexts = {
  language: "bn",
  band: "SANDBOX GATEWAY – TEST",
  notReal: "এটি একটি সিমুলেটর। কোনো ব্যাংককে জিজ্ঞাসা করা হয় না, কোনো টাকা লেনদেন হয় না।",
  merchant: "মার্চেন্ট",
  product: "পণ্য",
  amount: "পরিমাণ",
  session: "সেশনের শেষ অংশ",
  rules: "কার্যকর নিয়ম",
  channelLegend: "যেভাবে পরিশোধ করবেন",
  outcomeLegend: "যা ঘটবে",
  channels: {
    VISA: "ভিসা",
    MASTERCARD: "মাস্টারকার্ড",
    AMEX: "আমেরিকান এক্সপ্রেস",
    BKASH: "বিকাশ",
    NAGAD: "নগদ",
    ROCKET: "রকেট",
    INTERNETBANK: "ইন্টারনেট ব্যাংকিং",
  },
  outcomes: {
    success: ["সফল", "পরিশোধ হবে এবং মার্চেন্টকে VALID জানানো হবে।"],
    success_risk: ["ঝুঁকিসহ সফল", "পরিশোধ হবে, তবে ঝুঁকিপূর্ণ বলে চিহ্নিত থাকবে।"],
    fail: ["ব্যর্থ", "ব্যাংক প্রত্যাখ্যান করবে; মার্চেন্টকে FAILED জানানো হবে।"],
    cancel: ["বাতিল", "আপনি বাতিল করবেন; মার্চেন্টকে CANCELLED জানানো হবে।"],
    leave: ["চলে যাওয়া", "চেষ্টা না করে চলে যাবেন; মার্চেন্টকে UNATTEMPTED জানানো হবে এবং আপনি ফিরবেন না।"],
    wait: ["মেয়াদ শেষ হওয়া পর্যন্ত অপেক্ষা", "সেশনের মেয়াদ EXPIRED হিসেবে শেষ না হওয়া পর্যন্ত কিছু ঘটবে না।"],
    pending_then_valid: ["প্রক্রিয়াধীন, পরে সফল", "টাকা পথে থাকতেই আপনি ফিরবেন; পাঁচ সেকেন্ড পরে তা পৌঁছাবে।"],
    fail_then_success: ["ব্যর্থ, আবার চেষ্টা", "প্রথম চেষ্টা প্রত্যাখ্যাত হবে, দ্বিতীয়টি সফল হবে।"],
    double_success: ["দুইবার পরিশোধ", "এই সেশনে আপনার কাছ থেকে দুইবার টাকা নেওয়া হবে।"],
  },
  callbacks: "কলব্যাক",
  dropIpn: "মার্চেন্টের কাছে নোটিফিকেশন (IPN) হারিয়ে যাক",
  dropReturn: "মার্চেন্টের কাছে ব্রাউজারের ফেরা হারিয়ে যাক",
  lateIpn: "নোটিফিকেশন দশ সেকেন্ড দেরিতে পাঠানো হোক",
  repeatIpn: "নোটিফিকেশন পাঁচবার পাঠানো হোক",
  forgeIpn: "নোটিফিকেশনে ভুল স্বাক্ষর দেওয়া হোক",
  submit: "এগিয়ে যান",
  chooseBoth: "একটি পরিশোধের মাধ্যম ও একটি ফলাফল বেছে নিন।",
  returning: "মার্চেন্টের কাছে ফেরা হচ্ছে",
  returnButton: "মার্চেন্টের কাছে ফিরুন",
  unknown: ["সেশন পাওয়া যায়নি", "এই গেটওয়ে সেশনটি চেনে না। মার্চেন্টের কাছে আবার শুরু করুন।"],
  ended: ["সেশন শেষ", "এই সেশন শেষ হয়েছে, আর পরিশোধ করা যাবে না। এর অবস্থা:"],
  left: ["আপনি চলে গেছেন", "মার্চেন্টকে জানানো হয়েছে। মেয়াদ শেষ হওয়ার আগে ফিরে এসে পরিশোধ করতে পারেন।"],
  waiting: ["অপেক্ষা", "কিছু পাঠানো হয়নি। সেশনের মেয়াদ শেষ হলে মার্চেন্টকে জানানো হবে।"],
  lost: ["ফেরা হারিয়ে গেছে", "আপনার পছন্দ কার্যকর হয়েছে, কিন্তু ব্রাউজার মার্চেন্টের কাছে ফিরবে না।"],
};

/** Bangla for a browser that prefers it, else English. */
export function choosePageTexts(acceptLanguage: string | undefined): PageTexts {
  return /^\s*bn\b/i.test(acceptLanguage ?? "") ? BANGLA : ENGLISH;
}
