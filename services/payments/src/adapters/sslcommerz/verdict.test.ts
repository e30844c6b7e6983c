import { fc, test } from "@fast-check/vitest";
import { describe, expect, it } from "vitest";
import { chargeOf } from "../../testing/scripted-server.ts";
import { readAnswer } from "./answer.ts";
import { readQuery } from "./verdict.ts";

/** Reads a query answer as it would come over the wire. */
function read(answer: unknown) {
  const text = typeof answer === "string" ? answer : JSON.stringify(answer);
  const parsed = readAnswer({ failed: null, status: 200, retryAfter: null, body: text }, 0, "secret");
  if (!parsed.answered) throw new Error(`not answered: ${parsed.unknown.cause}`);
  return readQuery(parsed);
}

const query = (...element: readonly unknown[]) => ({
  APIConnect: "DONE",
  no_of_trans_found: element.length,
  element,
});
const words = (...statuses: readonly string[]) =>
  read(query(...statuses.map((status) => ({ status })))).otherwise;
const unknown = (cause: string) => ({ outcome: "unknown", cause, sent: true });

describe("a transaction query", () => {
  it.each([
    ["FAILED", { outcome: "failed", reason: "FAILED" }],
    ["cancelled ", { outcome: "cancelled", reason: "CANCELLED" }],
    ["EXPIRED", { outcome: "expired", reason: "EXPIRED" }],
    ["UNATTEMPTED", { outcome: "pending", phase: "unattempted" }],
    ["PROCESSING", { outcome: "pending", phase: "open" }],
    ["PENDING", { outcome: "pending", phase: "in_flight" }],
    ["INVALID_TRANSACTION", { outcome: "pending", phase: "absent" }],
    ["INVALID", unknown("unlisted_status")],
    ["REVERSED", unknown("unlisted_status")],
    ["toString", unknown("unlisted_status")],
    ["", unknown("contradiction")],
  ])("reads the word %j", (status, verdict) => {
    expect(words(status)).toEqual(verdict);
  });

  it("reads the stub of an unknown reference as absent, count as number or text", () => {
    for (const count of [0, "0"]) {
      const stub = { APIConnect: "DONE", no_of_trans_found: count, element: [{ status: "INVALID" }] };
      expect(read(stub).otherwise).toEqual({ outcome: "pending", phase: "absent" });
      expect(read({ ...stub, element: [] }).otherwise).toEqual({ outcome: "pending", phase: "absent" });
    }
  });

  it("calls an empty list that was counted a contradiction", () => {
    expect(read({ ...query(), no_of_trans_found: "1" }).otherwise).toEqual(unknown("contradiction"));
  });

  it("takes a single object for a list of one", () => {
    const single = { APIConnect: "DONE", no_of_trans_found: "1", element: chargeOf() };
    expect(read(single).paid).toEqual(read(query(chargeOf())).paid);
    expect(read(single).paid).toHaveLength(1);
  });

  it("reads several tries: doubt, then hope in order of strength, then the last no", () => {
    expect(words("FAILED", "WHAT", "PENDING")).toEqual(unknown("unlisted_status"));
    expect(words("FAILED", "PROCESSING", "PENDING")).toMatchObject({ phase: "in_flight" });
    expect(words("UNATTEMPTED", "PROCESSING", "FAILED")).toMatchObject({ phase: "open" });
    expect(words("INVALID_TRANSACTION", "UNATTEMPTED")).toMatchObject({ phase: "unattempted" });
    expect(words("FAILED", "EXPIRED", "CANCELLED")).toMatchObject({ outcome: "cancelled" });
  });

  it("finds every paid try, the same one once", () => {
    const tries = [
      { status: "FAILED" },
      chargeOf(),
      chargeOf({ val_id: "val2", status: "VALIDATED" }),
      chargeOf(),
    ];
    expect(read(query(...tries)).paid.map((one) => one.gatewayRef)).toEqual(["val1", "val2"]);
  });

  it("keeps the reason of a failure, cleaned and cut", () => {
    const error = `<b>Insufficient\u0000funds</b>${"x".repeat(400)}`;
    const verdict = read(query({ status: "FAILED", error })).otherwise;
    expect(verdict).toMatchObject({
      outcome: "failed",
      reason: expect.stringMatching(/^<b>Insufficient funds/),
    });
    expect(verdict.outcome === "failed" && verdict.reason.length).toBe(255);
  });
});

const charge = (changes: Readonly<Record<string, unknown>>) => read(query(chargeOf(changes)));

describe("a charge", () => {
  it("is read exactly", () => {
    expect(charge({}).paid).toEqual([
      {
        merchantRef: "pay_x-1",
        gatewayRef: "val1",
        gatewayTxnId: "bank1",
        validated: false,
        accountRef: null,
        charged: { amountMinor: 600_00n, currency: "BDT" },
        gross: { amountMinor: 600_00n, currency: "BDT" },
        settled: { amountMinor: 585_00n, currency: "BDT" },
        risk: { level: 0, title: "Safe" },
        method: {
          channel: "VISA-Dutch Bangla",
          brand: "VISA",
          issuer: "TRUST BANK, LTD.",
          country: "BD",
          last4: "6675",
        },
        gatewayTime: "2026-06-04 16:00:00",
      },
    ]);
  });

  it("in a foreign currency is compared in that currency and keeps its gross in taka", () => {
    const foreign = {
      amount: "10228.84",
      currency_type: "EUR",
      currency_amount: "100.00",
      store_amount: "9973.12",
    };
    expect(charge(foreign).paid[0]).toMatchObject({
      charged: { amountMinor: 100_00n, currency: "EUR" },
      gross: { amountMinor: 10_228_84n, currency: "BDT" },
      settled: { amountMinor: 9_973_12n, currency: "BDT" },
    });
  });

  it("asked in taka but answered in another currency shows that currency", () => {
    expect(charge({ currency: "USD" }).paid[0]?.charged.currency).toBe("USD");
    expect(charge({ currency: "USD", currency_type: "USD", currency_amount: "5" }).paid[0]?.charged).toEqual({
      amountMinor: 5_00n,
      currency: "USD",
    });
  });

  it("may carry its amount as a JSON number, read by its digits and never as a float", () => {
    const text = (amount: string) => JSON.stringify(query(chargeOf({ amount: "?" }))).replace('"?"', amount);
    expect(read(text("69")).paid[0]?.charged.amountMinor).toBe(69_00n);
    expect(read(text("600.10")).paid[0]?.charged.amountMinor).toBe(600_10n);
    for (const amount of [
      "600.100",
      "6e2",
      "-600",
      "10.0000000000000000001",
      "1e400",
      "true",
      "null",
      "{}",
    ]) {
      expect(read(text(amount))).toEqual({ paid: [], otherwise: unknown("contradiction") });
    }
  });

  it.each(["tran_id", "val_id", "bank_tran_id", "amount", "currency"])(
    "without %s is a contradiction",
    (name) => {
      expect(charge({ [name]: "" })).toEqual({ paid: [], otherwise: unknown("contradiction") });
    },
  );

  it("counts any risk but 0 as risky and keeps no more than four digits of a card", () => {
    expect(charge({ risk_level: 1, risk_title: "High" }).paid[0]?.risk).toEqual({ level: 1, title: "High" });
    expect(charge({ risk_level: "2" }).paid[0]?.risk.level).toBe(1);
    expect(charge({ card_no: "4111111111111111" }).paid[0]?.method.last4).toBe("1111");
    expect(charge({ card_no: "" }).paid[0]?.method.last4).toBeNull();
    expect(charge({ store_amount: "?" }).paid[0]?.settled).toBeNull();
  });

  test.prop([fc.jsonValue()], { numRuns: 1_000 })("is never found in arbitrary JSON", (json) => {
    const found = read({ APIConnect: "DONE", no_of_trans_found: 1, element: json });
    expect(found.paid).toEqual([]);
  });
});
