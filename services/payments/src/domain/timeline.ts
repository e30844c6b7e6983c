import type { Instant } from "@oi/kernel/instant";

export type TimelineKind =
  | "request"
  | "state"
  | "checkout"
  | "gateway_call"
  | "gateway_callback"
  | "event"
  | "refund"
  | "receipt"
  | "review";

export type TimelineValue = string | number | boolean | null | { readonly [key: string]: TimelineValue };

/** One thing that happened to a payment, without its words. */
export type TimelineFact = {
  readonly id: string;
  readonly at: Instant;
  readonly kind: TimelineKind;
  readonly actor: string;
  readonly status: string | null;
  readonly version: number | null;
  readonly refs: Readonly<Record<string, string>>;
  readonly detail: Readonly<Record<string, TimelineValue>>;
};

export type TimelineTitle = { readonly en: string; readonly bn: string };
export type TimelineEntry = TimelineFact & { readonly title: TimelineTitle };

const STATES: Readonly<Record<string, TimelineTitle>> = {
  CREATED: { en: "Payment created", bn: "পেমেন্ট তৈরি হয়েছে" },
  PENDING: { en: "Checkout opened at the gateway", bn: "গেটওয়েতে চেকআউট খোলা হয়েছে" },
  SUCCEEDED: { en: "Payment succeeded", bn: "পেমেন্ট সফল হয়েছে" },
  FAILED: { en: "Payment failed", bn: "পেমেন্ট ব্যর্থ হয়েছে" },
  CANCELLED: { en: "Payment cancelled", bn: "পেমেন্ট বাতিল হয়েছে" },
  EXPIRED: { en: "Payment expired", bn: "পেমেন্টের মেয়াদ শেষ" },
  PARTIALLY_REFUNDED: { en: "Payment refunded in part", bn: "পেমেন্ট আংশিক ফেরত" },
  REFUNDED: { en: "Payment refunded", bn: "পেমেন্ট ফেরত" },
};

const KINDS: Readonly<Record<Exclude<TimelineKind, "state">, TimelineTitle>> = {
  request: { en: "Request", bn: "অনুরোধ" },
  checkout: { en: "Checkout session", bn: "চেকআউট সেশন" },
  gateway_call: { en: "Gateway asked", bn: "গেটওয়েকে জিজ্ঞাসা করা হয়েছে" },
  gateway_callback: { en: "Gateway callback", bn: "গেটওয়ের বার্তা" },
  event: { en: "Event", bn: "ইভেন্ট" },
  refund: { en: "Refund", bn: "ফেরত" },
  receipt: { en: "Receipt issued", bn: "রসিদ দেওয়া হয়েছে" },
  review: { en: "Review flag", bn: "পর্যালোচনা" },
};

/** Gives a fact its words: what kind it is, and what it comes down to. */
export function titled(fact: TimelineFact): TimelineEntry {
  if (fact.kind === "state") {
    const state = STATES[fact.status ?? ""];
    return { ...fact, title: state ?? { en: "Payment changed", bn: "পেমেন্ট পরিবর্তিত" } };
  }
  const { en, bn } = KINDS[fact.kind];
  const gist = gistOf(fact);
  return { ...fact, title: gist === "" ? { en, bn } : { en: `${en}: ${gist}`, bn: `${bn}: ${gist}` } };
}

function gistOf({ kind, status, detail }: TimelineFact): string {
  if (kind === "request") return `${detail.method} ${detail.path}`;
  const word = { gateway_call: detail.outcome, gateway_callback: detail.outcome, event: detail.subject }[
    kind as "event"
  ];
  return String(word ?? (kind === "review" ? detail.reason : status) ?? "");
}
