import { expect, it } from "vitest";
import { parseRule } from "../read-rule.ts";
import { MAGIC_ROWS } from "./table.ts";

const range = (prefix: string, from: number, to: number): string[] =>
  Array.from({ length: to - from + 1 }, (_, i) => `${prefix}.${String(from + i).padStart(2, "0")}`);

it("has every amount that is promised, and each once", () => {
  expect(MAGIC_ROWS.map(({ amount }) => amount)).toEqual([
    ...range("4040", 0, 15),
    ...range("4041", 1, 26),
    ...range("4042", 1, 15),
    ...range("4042", 21, 38),
    ...range("20", 0, 10),
  ]);
});

it.each(MAGIC_ROWS.map((row) => [row.amount, row] as const))(
  "%s has rules that an admin call would take, named and matched by the amount, and says what to expect",
  (amount, { of, rules, title, expected }) => {
    expect(rules.length).toBeGreaterThan(0);
    for (const rule of rules) {
      expect(parseRule(JSON.parse(JSON.stringify(rule)))).toEqual({ value: rule });
      expect(rule).toMatchObject({ name: `${amount}: ${title}`, match: { amount }, per: "payment" });
    }
    expect(of).toBe(amount.startsWith("20.") ? "refund" : "payment");
    expect(expected.states.length).toBeGreaterThan(0);
    expect(expected.note).not.toBe("");
  },
);

it("lets a customer pay by themselves on every amount of a payment", () => {
  const silent = MAGIC_ROWS.filter(({ of, rules }) => of === "payment" && !rules.some((r) => r.customer));
  expect(silent).toEqual([]);
});
