import { type Reading, readCount, readJson, readListOf, readPartsOf, readText } from "./json-reader.ts";
import { readRule } from "./read-rule.ts";
import type { Rule } from "./rule.ts";

/** The end that a payment comes to under a scenario, as a merchant of OI Payments sees it. */
export type ExpectedEnd = Partial<{
  /** The last status of the payment. */
  readonly payment: string;
  /** Of every refund, those of the service itself included. */
  readonly refunds: readonly string[];
  /** In their order; deliveries may repeat. */
  readonly webhooks: readonly string[];
  /** How often the gateway took money. */
  readonly charges: number;
  readonly reviews: readonly string[];
  readonly note: string;
}>;

/** A file of rules with a name; the name is the file's. */
export type Scenario = Partial<{
  readonly about: string;
  readonly rules: readonly Rule[];
  readonly expected: ExpectedEnd;
}>;

const readScenario = readPartsOf<Scenario>({
  about: readText,
  rules: readListOf(readRule),
  expected: readPartsOf<ExpectedEnd>({
    payment: readText,
    refunds: readListOf(readText),
    webhooks: readListOf(readText),
    charges: readCount,
    reviews: readListOf(readText),
    note: readText,
  }),
});

/** Reads a list of rules, or an object that also says what they are about and where they end. */
export function parseScenario(value: unknown, name: string): Reading<Scenario> {
  return readJson(readScenario, Array.isArray(value) ? { rules: value } : value, name);
}
