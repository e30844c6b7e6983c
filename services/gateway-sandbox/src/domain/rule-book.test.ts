import { describe, expect, it } from "vitest";
import type { CustomerPart, Rule, Subject } from "./rule.ts";
import { parseRule } from "./rule.ts";
import {
  addRule,
  createRuleBook,
  findTruth,
  matchesGlob,
  nameRules,
  removeRule,
  takePart,
} from "./rule-book.ts";

const subject: Subject = {
  tranId: "pay_abc-1",
  amount: "4040.13",
  email: "rahim@late.example",
  storeId: "testbox",
};
const customer = (rule: Rule): CustomerPart | undefined => rule.customer;
const pays: Rule = { customer: { outcome: "success" } };

const bookOf = (...rules: readonly Rule[]) => {
  const book = createRuleBook();
  for (const rule of rules) addRule(book, rule);
  return book;
};

describe("matching", () => {
  it.each([
    ["pay_*", "pay_abc-1", true],
    ["*@late.example", "rahim@late.example", true],
    ["*@late.example", "rahim@lateXexample", false],
    ["4040.13", "4040113", false],
    ["a*c*e", "abcde", true],
    ["pay_", "pay_abc", false],
    ["", "", true],
  ])("glob %s on %s → %s", (glob, text, holds) => {
    expect(matchesGlob(glob, text)).toBe(holds);
  });

  it("needs every key to hold", () => {
    const match = { tranId: "pay_*", amount: "4040.13", email: "*@late.example", storeId: "testbox" };
    const take = (rule: Rule) => takePart(bookOf(rule), "customer", customer, subject);
    expect(take({ ...pays, match })).not.toBeNull();
    for (const key of ["tranId", "amount", "email", "storeId"] as const) {
      expect(take({ ...pays, match: { ...match, [key]: "other" } })).toBeNull();
    }
  });
});

describe("the lookup", () => {
  it("takes the older of two rules and passes by a rule without the part", () => {
    const book = bookOf(
      { name: "silent", ipn: { drop: true } },
      { ...pays, name: "first" },
      { ...pays, name: "second" },
    );
    expect(takePart(book, "customer", customer, subject)?.ruleName).toBe("first");
    expect(nameRules(book, subject)).toEqual(["silent", "first", "second"]);
  });

  it("skips, then holds as often as it says, then makes room for the next rule", () => {
    const book = bookOf({ ...pays, name: "short", skip: 1, times: 2 }, { ...pays, name: "rest" });
    const names = [1, 2, 3, 4].map(() => takePart(book, "customer", customer, subject)?.ruleName);
    expect(names).toEqual(["rest", "short", "short", "rest"]);
  });

  it("counts per operation", () => {
    const book = bookOf({ times: 1, reply: { query: { status: 500 }, validate: { status: 500 } } });
    const take = (op: "query" | "validate") => takePart(book, `reply.${op}`, (r) => r.reply?.[op], subject);
    expect([take("query"), take("query"), take("validate"), take("validate")].map((t) => t !== null)).toEqual(
      [true, false, true, false],
    );
  });

  it("does not wear the truth out", () => {
    const book = bookOf({ times: 1, truth: { amount: "1" } });
    expect([findTruth(book, subject), findTruth(book, subject)]).toEqual([{ amount: "1" }, { amount: "1" }]);
  });

  it("forgets a removed rule and never uses its id again", () => {
    const book = bookOf(pays);
    expect(removeRule(book, "rule_1")).toBe(true);
    expect(removeRule(book, "rule_1")).toBe(false);
    expect(takePart(book, "customer", customer, subject)).toBeNull();
    expect(addRule(book, pays).id).toBe("rule_2");
  });
});

describe("reading a rule", () => {
  it("accepts every part", () => {
    const rule = {
      name: "all",
      match: { tranId: "pay_*" },
      skip: 0,
      times: 1,
      customer: { outcome: "success", channel: "BKASH", afterMs: 0 },
      ipn: { drop: false, delayMs: 0, copies: 1, sign: "good", set: {}, setSigned: {} },
      return: { drop: true },
      reply: { query: { delayMs: 0, status: 200, body: "normal", cut: "none", set: {} } },
      truth: { amount: "100", currency: "USD", storeId: "x", tranId: "y", reversedAfterMs: 5000 },
    };
    expect(parseRule(rule)).toEqual({ value: rule });
  });

  it("tells every problem at once, misspelt switches included", () => {
    expect(parseRule({ tims: 1, skip: -1, ipn: { drop: "yes", sign: "worse" }, reply: { all: {} } })).toEqual(
      {
        problems: [
          "rule.tims is not known.",
          "rule.skip must be a whole number that is not negative.",
          "rule.ipn.drop must be true or false.",
          "rule.ipn.sign must be one of good, bad, none, md5_only, other_password.",
          "rule.reply.all is not known.",
        ],
      },
    );
    expect(parseRule([])).toEqual({ problems: ["rule must be an object."] });
  });
});
