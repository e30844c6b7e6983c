import { describe, expect, it } from "vitest";
import { MAGIC_ROWS } from "./magic/table.ts";
import { parseRule } from "./read-rule.ts";
import type { CustomerPart, Rule, Subject } from "./rule.ts";
import {
  addRule,
  clearRules,
  countUses,
  createRuleBook,
  findPolicy,
  findTruth,
  matchesGlob,
  nameRules,
  removeRule,
  takePart,
} from "./rule-book.ts";

const subject: Subject = {
  of: "payment",
  currency: "BDT",
  unit: "testbox pay_abc",
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
    const take = (rule: Rule) => takePart(bookOf(rule), "customer", customer, subject, 0);
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
    expect(takePart(book, "customer", customer, subject, 0)?.ruleName).toBe("first");
    expect(nameRules(book, subject)).toEqual(["silent", "first", "second"]);
  });

  it("skips, then holds as often as it says, then makes room for the next rule", () => {
    const book = bookOf({ ...pays, name: "short", skip: 1, times: 2 }, { ...pays, name: "rest" });
    const names = [1, 2, 3, 4].map(() => takePart(book, "customer", customer, subject, 0)?.ruleName);
    expect(names).toEqual(["rest", "short", "short", "rest"]);
  });

  it("counts per operation", () => {
    const book = bookOf({ times: 1, reply: { query: { status: 500 }, validate: { status: 500 } } });
    const take = (op: "query" | "validate") =>
      takePart(book, `reply.${op}`, (r) => r.reply?.[op], subject, 0);
    expect([take("query"), take("query"), take("validate"), take("validate")].map((t) => t !== null)).toEqual(
      [true, false, true, false],
    );
  });

  it("does not wear the truth out", () => {
    const book = bookOf({ times: 1, truth: { amount: "1" } });
    expect([findTruth(book, subject), findTruth(book, subject)]).toEqual([{ amount: "1" }, { amount: "1" }]);
  });

  it("ends so long after it was first in force, whatever was skipped before", () => {
    const book = bookOf({ ...pays, skip: 1, forMs: 1_000 });
    const isTaken = (now: number) => takePart(book, "customer", customer, subject, now) !== null;
    expect([isTaken(0), isTaken(5_000), isTaken(5_999), isTaken(6_000)]).toEqual([false, true, true, false]);
  });

  it("counts each payment by itself where the rule says so", () => {
    const book = bookOf({ ...pays, times: 1, per: "payment" });
    const isTaken = (unit: string) => takePart(book, "customer", customer, { ...subject, unit }, 0) !== null;
    expect([isTaken("a"), isTaken("a"), isTaken("b")]).toEqual([true, false, true]);
    expect(book.admin.map(countUses)).toEqual([{ customer: 3 }]);
  });

  it("prefers an admin rule to a scenario, and a scenario to a magic amount, part by part", () => {
    const book = createRuleBook(MAGIC_ROWS);
    const names = () => nameRules(book, subject);
    const magic = "4040.13: paid two seconds after the session expired";
    expect(names()).toEqual([magic]);
    addRule(book, { ...pays, name: "file" }, "scenario");
    addRule(book, { ...pays, name: "admin" });
    addRule(book, { name: "quiet", ipn: { drop: true } });
    expect(names()).toEqual(["admin", "quiet", "file", magic]);
    expect(takePart(book, "customer", customer, subject, 0)?.ruleName).toBe("admin");
    expect(takePart(book, "ipn", (rule) => rule.ipn, subject, 0)?.ruleName).toBe("quiet");
    clearRules(book);
    expect(takePart(book, "customer", customer, subject, 0)?.part.lateMs).toBe(2_000);
  });

  it("knows magic amounts of BDT only, and of a refund only on a refund", () => {
    const book = createRuleBook(MAGIC_ROWS);
    const names = (changes: Partial<Subject>) => nameRules(book, { ...subject, ...changes });
    expect(names({ currency: "USD" })).toEqual([]);
    expect(names({ amount: "20.04" })).toEqual([]);
    expect(names({ amount: "20.04", of: "refund" })).toEqual(["20.04: executed, then cut off"]);
    expect(names({ of: "refund" })).toEqual([]);
  });

  it("takes each setting from the strongest rule that has it", () => {
    const book = bookOf({ policy: { rate: "130" } }, { policy: { rate: "99", sessionLifetimeMs: 5 } });
    expect(findPolicy(book, subject)).toEqual({ rate: "130", sessionLifetimeMs: 5 });
    expect(findPolicy(createRuleBook(), subject)).toEqual({});
  });

  it("forgets a removed rule and never uses its id again", () => {
    const book = bookOf(pays);
    expect(removeRule(book, "rule_1")).toBe(true);
    expect(removeRule(book, "rule_1")).toBe(false);
    expect(takePart(book, "customer", customer, subject, 0)).toBeNull();
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
      customer: { outcome: "success", channel: "BKASH", afterMs: 0, lateMs: 0 },
      forMs: 1,
      per: "payment",
      ipn: {
        drop: false,
        delayMs: 0,
        copies: 1,
        parallel: true,
        order: "after_return",
        retries: 1,
        retryAfterMs: 1,
        sign: "good",
        set: {},
        setSigned: {},
      },
      return: { drop: true, copies: 2 },
      forged: [{ channel: "return", status: "VALID", sign: "none", borrow: true, afterMs: 1 }],
      reply: {
        query: {
          delayMs: 0,
          status: 200,
          body: "drip",
          dripMs: 1,
          cut: "none",
          set: {},
          blind: true,
          elementAs: "object",
          retryAfterSeconds: 1,
        },
      },
      refund: { end: "cancelled", afterMs: 1 },
      policy: {
        sessionLifetimeMs: 1,
        duplicateTranId: "parallel",
        duplicateRefund: "replay",
        rate: "130.0000",
        tranDateSkewMs: -1,
      },
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
          "rule.ipn.sign must be one of good, bad, none, md5_only, other_password, keys_dropped, old_25_keys, duplicate_field.",
          "rule.reply.all is not known.",
        ],
      },
    );
    const wrong = { reply: { query: { status: 999 } }, policy: { rate: "0", tranDateSkewMs: 0.5 } };
    expect(parseRule(wrong)).toEqual({
      problems: [
        "rule.reply.query.status must be an HTTP status from 200 to 599.",
        "rule.policy.rate must be a rate with at most four decimals, as text.",
        "rule.policy.tranDateSkewMs must be a whole number.",
      ],
    });
    expect(parseRule([])).toEqual({ problems: ["rule must be an object."] });
  });
});
