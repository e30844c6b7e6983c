import { eventUuid } from "@oi/kernel/id";
import { expect, it } from "vitest";
import { OCCURRED_AT } from "../../testing/facts.ts";
import { inbound, LATE_RECORDED, lateRecorded, SUCCEEDED, succeeded } from "../../testing/payment-events.ts";
import { nodeSha256 } from "../node/sha256.ts";
import { readEvent } from "./read-event.ts";

const OPTIONS = { applicationId: 7, paymentId: 123 };
const read = (...args: Parameters<typeof inbound>) => readEvent(inbound(...args), nodeSha256);

it("reads a success as the capture in it", () => {
  const event = inbound(SUCCEEDED, succeeded(OPTIONS));
  expect(readEvent(event, nodeSha256)).toMatchObject({
    event,
    fact: {
      kind: "CAPTURE",
      source: { eventUuid: eventUuid(event.id), subject: SUCCEEDED },
      scope: { applicationId: 7, mode: "LIVE" },
      occurredAt: OCCURRED_AT,
      paymentId: 123,
      attemptId: 9,
      gateway: "sslcommerz",
      gatewayTxnId: "GW-1",
      amount: { amountMinor: 60_000n, currency: "BDT" },
      settlement: { currency: "BDT", grossMinor: 60_000n, storeMinor: 59_999n },
    },
  });
});

it("reads late money under its receipt, without the payment's own gateway id", () => {
  expect(read(LATE_RECORDED, lateRecorded(OPTIONS, 55))).toMatchObject({
    fact: { kind: "LATE", receiptId: 55, gatewayTxnId: null },
  });
});

it("passes over every other subject, whatever is in it", () => {
  for (const subject of [
    "payments.payment.created",
    "payments.application.updated",
    "payments.refund.rejected",
  ]) {
    expect(read(subject, "not even JSON")).toBeNull();
  }
});

it("ignores fields it does not know", () => {
  const payload = { ...succeeded(OPTIONS), newField: { a: 1 } };
  expect(read(SUCCEEDED, payload)).toHaveProperty("fact");
});

it("takes a charge without a settlement as settled in full, fee unknown", () => {
  const { settlement: _, ...payload } = succeeded(OPTIONS);
  expect(read(SUCCEEDED, payload)).toMatchObject({
    fact: { settlement: { currency: "BDT", grossMinor: 60_000n, storeMinor: null } },
  });
});

it("cannot read what is no JSON, no such message, or has no event id", () => {
  expect(read(SUCCEEDED, "{")).toMatchObject({ problem: "UNDECODABLE" });
  expect(read(SUCCEEDED, '{"paymentId": "many"}')).toMatchObject({ problem: "UNDECODABLE" });
  expect(read(SUCCEEDED, succeeded(OPTIONS), "evt_0")).toMatchObject({ problem: "UNDECODABLE" });
});

it.each([
  ["an unknown mode", { mode: "MODE_SHADOW" }],
  ["no amount", { amount: undefined }],
  ["no time", { occurredAt: undefined }],
  ["an amount below nothing", { amount: { amountMinor: "-1", currency: "BDT" } }],
  ["a payment id beyond 2^53", { paymentId: "9007199254740993" }],
])("refuses a fact with %s", (_, changes) => {
  const payload = JSON.stringify({ ...succeeded(OPTIONS), ...changes });
  expect(read(SUCCEEDED, payload)).toMatchObject({ problem: "INVALID_FACT", error: expect.any(String) });
});
