import { readFileSync } from "node:fs";
import type { DescMethod, DescService } from "@bufbuild/protobuf";
import { createContextValues, type HandlerContext } from "@connectrpc/connect";
import { Secret } from "@oi/platform/config/env";
import { CALLER, identifier } from "@oi/platform/rpc/caller";
import { ApplicationsService } from "@oi/proto/payments/v1/applications_service";
import { CheckoutService } from "@oi/proto/payments/v1/checkout_service";
import { PaymentsService } from "@oi/proto/payments/v1/payments_service";
import { RefundsService } from "@oi/proto/payments/v1/refunds_service";
import { describe, expect, it } from "vitest";
import { behindRules, METHOD_RULES, type MethodRule } from "./method-rules.ts";

const SERVICES: readonly [DescService, Readonly<Record<string, MethodRule>>][] = [
  [PaymentsService, METHOD_RULES.payments],
  [CheckoutService, METHOD_RULES.checkout],
  [RefundsService, METHOD_RULES.refunds],
  [ApplicationsService, METHOD_RULES.applications],
];

const METHODS = SERVICES.flatMap(([service, rules]) =>
  service.methods.map((method) => ({
    name: `${service.typeName}/${method.name}`,
    method,
    rules,
    rule: rules[method.localName],
  })),
);

const read = (path: string): string =>
  readFileSync(new URL(`../../../../../${path}`, import.meta.url), "utf8");

/** What the handler behind the rules answers a call on behalf of this person; `handled` when it was reached. */
function callAs(actor: string | null, rules: Readonly<Record<string, MethodRule>>, method: string): unknown {
  const values = createContextValues().set(CALLER, { name: "console", actor });
  const handlers = { [method]: () => "handled" };
  const guarded = behindRules(rules as never, handlers as never) as Record<
    string,
    (...call: unknown[]) => unknown
  >;
  try {
    return guarded[method]?.({}, { values } as HandlerContext);
  } catch (error) {
    return (error as { reason: string }).reason;
  }
}

const hasKey = ({ input }: DescMethod): boolean =>
  input.fields.some(
    (field) =>
      field.name === "idempotency_key" ||
      (field.name === "requests" && field.message?.fields.some(({ name }) => name === "idempotency_key")),
  );

describe.each(METHODS)("$name", ({ name, method, rule, rules }) => {
  it("has a rule that it follows", () => {
    expect(rule).toBeDefined();
    const isPersons = rule?.by === "person";
    expect(callAs("rahim", rules, method.localName)).toBe("handled");
    expect(callAs(null, rules, method.localName)).toBe(isPersons ? "FORBIDDEN" : "handled");
    for (const ours of ["app:42", "system:late-money", "caller:edge"])
      expect(callAs(ours, rules, method.localName)).toBe(isPersons ? "FORBIDDEN" : "handled");
  });

  it("takes an idempotency key where a repeat would act again, and nowhere else", () => {
    expect(hasKey(method)).toBe(rule?.repeat === "key");
    if (/^(Get|List|Authenticate)[A-Z]/.test(method.name)) expect(rule?.by).toBe("program");
    else expect(rule?.repeat).not.toBe("reads");
  });

  it("says on its page whether it wants a person", () => {
    const [service = "", rpc = ""] = name.split("/");
    const [, section = ""] = read(`docs/rpc/${service}.md`).split(`\n## ${rpc}\n`);
    const [page = ""] = section.split("\n## ");
    expect(page).not.toBe("");
    expect(page.includes("named in the metadata `oi-actor`")).toBe(rule?.by === "person");
    expect(page.includes("oi-actor: rahim")).toBe(rule?.by === "person");
  });
});

it("the README's entry for the edge opens what the edge needs and nothing else", () => {
  const [, patterns = ""] =
    /`edge=<token>:([^`]+)`/.exec(read("services/payments/README.md").replaceAll("\\|", "|")) ?? [];
  const token = "t".repeat(32);
  const edge = { name: "edge", token: new Secret(token), patterns: patterns.split("|"), mayNameActor: false };
  const identify = identifier([edge]);
  const header = new Headers({ authorization: `Bearer ${token}` });
  const isOpen = (rpc: string): boolean => {
    try {
      return identify({ rpc, header, peer: "10.0.0.1" }).name === "edge";
    } catch {
      return false;
    }
  };
  for (const { name, rule } of METHODS) expect([name, isOpen(name)]).toEqual([name, rule?.caller === "edge"]);
});
