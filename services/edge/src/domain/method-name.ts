import type { Lang } from "./language.ts";

/** How a payment was paid, in the gateway's own words: `VISA-Dutch Bangla` and `VISA`, `BKASH-BKash` and `MOBILEBANKING`. */
export type PaymentMethod = { readonly channel: string; readonly brand: string };

/** What people call them. SSLCOMMERZ names Rocket by its older name. */
const NAMES: ReadonlyMap<string, Readonly<Record<Lang, string>>> = new Map([
  ["VISA", { en: "Visa card", bn: "ভিসা কার্ড" }],
  ["MASTERCARD", { en: "Mastercard", bn: "মাস্টারকার্ড" }],
  ["MASTER", { en: "Mastercard", bn: "মাস্টারকার্ড" }],
  ["AMEX", { en: "American Express card", bn: "আমেরিকান এক্সপ্রেস কার্ড" }],
  ["NEXUS", { en: "Nexus card", bn: "নেক্সাস কার্ড" }],
  ["BKASH", { en: "bKash", bn: "বিকাশ" }],
  ["NAGAD", { en: "Nagad", bn: "নগদ" }],
  ["DBBLMOBILEB", { en: "Rocket", bn: "রকেট" }],
  ["UPAY", { en: "Upay", bn: "উপায়" }],
]);

/** A method's name; a bank's as the gateway writes it; null when the gateway named none. */
export function methodName({ channel, brand }: PaymentMethod, lang: Lang): string | null {
  const [kind = "", label = ""] = channel.split(/-(.*)/s);
  const known = NAMES.get(kind.trim().toUpperCase()) ?? NAMES.get(brand.trim().toUpperCase());
  return known?.[lang] ?? (label.trim() || kind.trim() || null);
}
