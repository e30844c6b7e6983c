import { create, type JsonObject, toJson } from "@bufbuild/protobuf";
import { Mode } from "@oi/proto/common/v1/mode";
import { MismatchEventSchema, RefundEventSchema } from "@oi/proto/payments/v1/payments_events";
import { RefundOrigin, RefundStatus } from "@oi/proto/payments/v1/refund";
import { toTimestamp } from "@oi/proto/public/time";
import { expect, it } from "vitest";
import { OCCURRED_AT } from "../../testing/facts.ts";
import { inbound } from "../../testing/payment-events.ts";
import { nodeSha256 } from "../node/sha256.ts";
import { readEvent } from "./read-event.ts";

const common = {
  applicationId: 7n,
  mode: Mode.TEST,
  occurredAt: toTimestamp(OCCURRED_AT),
  paymentId: 123n,
  attemptId: 9n,
  gateway: "sslcommerz",
  amount: { amountMinor: 1_000n, currency: "BDT" },
};

function refundEvent(changes: object = {}): JsonObject {
  const message = {
    ...common,
    refundId: 7n,
    status: RefundStatus.PENDING,
    origin: RefundOrigin.MERCHANT,
    ...changes,
  };
  return toJson(RefundEventSchema, create(RefundEventSchema, message)) as JsonObject;
}

const read = (name: string, payload: JsonObject) =>
  readEvent(inbound(`payments.${name}`, payload), nodeSha256);

it.each([
  ["refund.requested", "RESERVE"],
  ["refund.approved", "RESERVE"],
  ["refund.succeeded", "SETTLE"],
  ["refund.failed", "RELEASE"],
])("reads %s as %s", (name, kind) => {
  expect(read(name, refundEvent())).toMatchObject({
    fact: {
      kind,
      refundId: 7,
      origin: { type: "MERCHANT" },
      scope: { applicationId: 7, mode: "TEST" },
      // Without a word of the gateway it takes back what is returned.
      settlement: { currency: "BDT", grossMinor: 1_000n },
    },
  });
});

it("passes over a request that an operator must agree to first", () => {
  const waiting = refundEvent({ status: RefundStatus.AWAITING_APPROVAL });
  expect(read("refund.requested", waiting)).toMatchObject({ ignored: true });
  expect(read("refund.rejected", waiting)).toBeNull();
});

it("knows whose money it is", () => {
  const late = refundEvent({ origin: RefundOrigin.LATE_MONEY, originRef: "55" });
  expect(read("refund.succeeded", late)).toMatchObject({
    fact: { origin: { type: "LATE_MONEY", ref: "55" } },
  });
  const wrong = refundEvent({ origin: RefundOrigin.MISMATCH, originRef: "9" });
  expect(read("refund.succeeded", wrong)).toMatchObject({ fact: { origin: { type: "MISMATCH", ref: "9" } } });
});

it("parks what it cannot attribute", () => {
  for (const changes of [
    { origin: RefundOrigin.UNSPECIFIED },
    { status: RefundStatus.UNSPECIFIED },
    { origin: RefundOrigin.LATE_MONEY, originRef: "" },
    { origin: RefundOrigin.MISMATCH, originRef: "x:1" },
    { refundId: 0n },
    { amount: { amountMinor: 0n, currency: "BDT" } },
  ]) {
    expect(read("refund.succeeded", refundEvent(changes))).toMatchObject({ problem: "INVALID_FACT" });
  }
  const unknown = { ...refundEvent(), origin: "REFUND_ORIGIN_OF_TOMORROW" };
  expect(read("refund.succeeded", unknown)).toMatchObject({ problem: "INVALID_FACT" });
});

it("reads a mismatch with the amount that the gateway confirmed", () => {
  const message = create(MismatchEventSchema, common);
  const payload = toJson(MismatchEventSchema, message) as JsonObject;
  expect(read("mismatch.confirmed", payload)).toMatchObject({
    fact: { kind: "MISMATCH", attemptId: 9, amount: { amountMinor: 1_000n, currency: "BDT" } },
  });
  const { attemptId, ...without } = payload;
  expect(attemptId).toBe("9");
  expect(read("mismatch.confirmed", without)).toMatchObject({ problem: "INVALID_FACT" });
});
