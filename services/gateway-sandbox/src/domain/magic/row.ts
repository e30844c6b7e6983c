import type { CustomerPart, Rule } from "../rule.ts";

/** What the merchant of OI Payments meets when the row is left alone. */
export type Expectation = {
  /** States of the payment, or of the refund, in their order. */
  readonly states: readonly string[];
  readonly webhooks: readonly string[];
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

const end = (status: string, webhooks: readonly string[]) => ({ states: [...PENDING, status], webhooks });

export const succeeds = (note: string): Expectation => ({
  ...end("SUCCEEDED", ["payment.succeeded"]),
  note,
});
export const fails = (note: string): Expectation => ({ ...end("FAILED", ["payment.failed"]), note });
export const isCancelled = (note: string): Expectation => ({
  ...end("CANCELLED", ["payment.cancelled"]),
  note,
});
export const expires = (note: string): Expectation => ({ ...end("EXPIRED", ["payment.expired"]), note });
export const staysPending = (note: string): Expectation => ({ states: PENDING, webhooks: [], note });
