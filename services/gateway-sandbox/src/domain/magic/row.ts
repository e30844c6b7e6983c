import type { CustomerPart, Rule } from "../rule.ts";

/** What the merchant of OI Payments meets when the row is left alone for days. */
export type Expectation = {
  /** States of the payment, or of the refund, in their order. */
  readonly states: readonly string[];
  readonly webhooks: readonly string[];
  /** How often the gateway took money. */
  readonly charges: number;
  /** Of the refunds that the service makes by itself; of the refund itself in a row about refunds. */
  readonly refunds: readonly string[];
  /** What waits for a person. */
  readonly reviews: readonly string[];
  readonly note: string;
};

/** One amount that chooses a behaviour by itself. */
export type MagicRow = {
  readonly amount: string;
  /** A refund's amount is looked at on the two refund operations only. */
  readonly of: "payment" | "refund";
  readonly family: string;
  readonly title: string;
  readonly rules: readonly Rule[];
  readonly expected: Expectation;
};

type Seed = { readonly of: MagicRow["of"]; readonly family: string; readonly prefix: string };

/** Writes the rows of one family; the rules get their name and their match from the amount. */
export function familyOf(
  seed: Seed,
): (nn: string, title: string, rules: readonly Rule[], expected: Expectation) => MagicRow {
  return (nn, title, rules, expected) => {
    const { of, family, prefix } = seed;
    const amount = `${prefix}.${nn}`;
    const common = { name: `${amount}: ${title}`, match: { amount }, per: "payment" } as const;
    return { amount, of, family, title, rules: rules.map((rule) => ({ ...common, ...rule })), expected };
  };
}

export const VISA_SUCCESS: CustomerPart = { outcome: "success", channel: "VISA" };

const PENDING = ["CREATED", "PENDING"];

const NOTHING = { charges: 0, refunds: [], reviews: [] };

const end = (status: string, note: string): Expectation => ({
  ...NOTHING,
  states: [...PENDING, status],
  webhooks: [`payment.${status.toLowerCase()}`],
  note,
});

export const succeeds = (note: string): Expectation => ({ ...end("SUCCEEDED", note), charges: 1 });
export const fails = (note: string): Expectation => end("FAILED", note);
export const isCancelled = (note: string): Expectation => end("CANCELLED", note);
export const expires = (note: string): Expectation => end("EXPIRED", note);
export const staysPending = (note: string): Expectation => ({
  ...NOTHING,
  states: PENDING,
  webhooks: [],
  note,
});

/** The same end, and a person has to look. */
export const reviewed = (expected: Expectation, ...reviews: readonly string[]): Expectation => ({
  ...expected,
  reviews,
});

/** The same end, and one more charge, which goes back by itself. */
export const withRefund = (expected: Expectation): Expectation => ({
  ...expected,
  charges: expected.charges + 1,
  refunds: ["SUCCEEDED"],
  webhooks: [...expected.webhooks, "refund.succeeded"],
});
