import { expect, it } from "vitest";
import { chartLine, GATEWAY_PATTERN, gatewayFee, gatewayReceivable } from "./chart.ts";

it("finds the line of a gateway's account by its shape", () => {
  expect(chartLine(gatewayReceivable("sslcommerz"))).toMatchObject({ code: "1100", clearing: true });
  expect(chartLine(gatewayFee("other-gw"))).toMatchObject({ code: "5100", clearing: false });
});

it("has no other accounts", () => {
  for (const path of [
    "Assets",
    "Assets:Gateway:sslcommerz:Receivable",
    "Assets:Gateway:A:B:Receivable",
    "",
  ]) {
    expect(() => chartLine(path)).toThrow(/not in the chart/);
  }
});

it("takes gateways in lower case only, so that two spellings are not two accounts", () => {
  expect(GATEWAY_PATTERN.test("sslcommerz")).toBe(true);
  expect(["SSLCOMMERZ", "", "a b", "1st"].some((name) => GATEWAY_PATTERN.test(name))).toBe(false);
});
