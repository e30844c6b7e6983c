/**
 * Real: every service, PostgreSQL, NATS, HTTP and gRPC. Doubles: the gateway is the sandbox, an independent program.
 * Oracles: the answers of the other door, and the number of refunds that the payment has.
 */
import { rpcClient } from "@oi/platform/rpc/client";
import { rpc } from "@oi/platform/rpc/errors";
import { Mode } from "@oi/proto/common/v1/mode";
import { PaymentsService } from "@oi/proto/payments/v1/payments_service";
import { RefundsService } from "@oi/proto/payments/v1/refunds_service";
import { eventually } from "@oi/testkit/eventually";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Harness, startHarness } from "./harness.ts";
import { openCheckout, type PaymentJson } from "./merchant.ts";

const CONFLICT = { reason: "IDEMPOTENCY_KEY_CONFLICT" };
const ORDER = { amountMinor: 7_000, customerReference: "two doors", productName: "Tea" };

let oi: Harness;
beforeAll(async () => {
  oi = await startHarness({ transport: "grpc" });
});
afterAll(() => oi?.[Symbol.asyncDispose]());

const scope = () => ({ applicationId: BigInt(oi.merchant.applicationId), mode: Mode.TEST });
const keyed = (key: string) => ({ "idempotency-key": key });

describe("one key at two doors", () => {
  it("makes one payment, and the later door answers as the first one did", async () => {
    const payments = rpcClient(PaymentsService, oi.constellation.transports.payments);
    const { amountMinor, ...rest } = ORDER;
    const wish = { ...scope(), ...rest, amount: { amountMinor: BigInt(amountMinor), currency: "" } };
    const overRest = await oi.merchant.create(ORDER, keyed("rest-first"));
    const repeated = await payments.createPayment({ ...wish, idempotencyKey: "rest-first" });
    expect([repeated.replayed, repeated.payment?.id]).toEqual([true, BigInt(overRest.json.data.id)]);

    const first = await payments.createPayment({
      ...wish,
      idempotencyKey: "rpc-first",
      requestId: "over-rpc",
    });
    const { json, headers } = await oi.merchant.create(ORDER, keyed("rpc-first"));
    expect(headers.get("idempotent-replayed")).toBe("true");
    expect([BigInt(json.data.id), json.meta.requestId]).toEqual([first.payment?.id, "over-rpc"]);

    const other = rpc(
      payments.createPayment({ ...wish, customerReference: "another", idempotencyKey: "rest-first" }),
    );
    await expect(other).rejects.toMatchObject(CONFLICT);
  });

  it("makes one refund, and not one more for whoever asks for another amount", async () => {
    const refunds = rpcClient(RefundsService, oi.constellation.transports.payments);
    const { id } = await paid();
    const ask = { ...scope(), paymentId: BigInt(id), amountMinor: 500n, reason: "Broken" };
    const path = `/payments/${id}/refunds`;
    const overRest = (amountMinor: number) =>
      oi.merchant.call<{ id: number }>("POST", path, { amountMinor, reason: "Broken" }, keyed("refund"));
    const first = await overRest(500);
    expect(first.status).toBe(201);
    const repeated = await refunds.createRefund({ ...ask, idempotencyKey: "refund" });
    expect([repeated.replayed, repeated.refund?.id]).toEqual([true, BigInt(first.json.data.id)]);
    const other = rpc(refunds.createRefund({ ...ask, amountMinor: 501n, idempotencyKey: "refund" }));
    await expect(other).rejects.toMatchObject(CONFLICT);
    expect((await overRest(502)).json.meta.errorCode).toBe(CONFLICT.reason);
    expect((await refunds.listRefunds({ ...scope(), paymentId: BigInt(id) })).totalSize).toBe(1);
  });
});

async function paid(): Promise<PaymentJson> {
  const { data } = (await oi.merchant.create(ORDER)).json;
  await openCheckout(data);
  await oi.sandbox.pay(data.reference);
  await eventually(async () => expect((await oi.merchant.payment(data.id)).status).toBe("SUCCEEDED"), {
    withinMs: 20_000,
  });
  return data;
}
