import { Secret } from "@oi/platform/config/env";
import { inMemoryTransport, rpcClient } from "@oi/platform/rpc/client";
import { rpc } from "@oi/platform/rpc/errors";
import { pageTokens } from "@oi/platform/rpc/page-token";
import { mountService } from "@oi/platform/rpc/service";
import { silentLogger } from "@oi/platform/telemetry/logger";
import { Mode } from "@oi/proto/common/v1/mode";
import { RefundOrigin, RefundStatus } from "@oi/proto/payments/v1/refund";
import { RefundsService, ReviewReason } from "@oi/proto/payments/v1/refunds_service";
import { beforeEach, describe, expect, it } from "vitest";
import { confirmMismatch } from "../../application/confirm-mismatch.ts";
import { createRefund } from "../../application/create-refund.ts";
import { decideRefund } from "../../application/decide-refund.ts";
import { getRefund, listRefunds } from "../../application/get-refund.ts";
import { listReviews } from "../../application/list-reviews.ts";
import { resolveReview } from "../../application/resolve-review.ts";
import type { Payment } from "../../domain/payment.ts";
import { memoryWorld } from "../../testing/memory-world.ts";
import { paidPayment } from "../../testing/refunding.ts";
import { sampleRefundReference } from "../../testing/samples.ts";
import { requestFingerprint } from "../crypto/digests.ts";
import { paymentMapper } from "./payment-message.ts";
import { refundsService } from "./refunds-service.ts";

let payment: Payment;
let client: ReturnType<typeof open>;
beforeEach(async () => {
  const world = memoryWorld();
  payment = await paidPayment(world);
  client = open(world);
});

function open(world: ReturnType<typeof memoryWorld>) {
  const ports = {
    ...world,
    ids: { refundReference: sampleRefundReference },
    wakeRefunds: () => {},
    wakeInquiries: () => {},
  };
  const impl = refundsService({
    createRefund: createRefund(ports),
    decideRefund: decideRefund(ports),
    getRefund: getRefund(ports),
    listRefunds: listRefunds(ports),
    listReviews: listReviews(ports),
    resolveReview: resolveReview(ports),
    confirmMismatch: confirmMismatch(ports),
    fingerprint: requestFingerprint,
    paymentMessage: paymentMapper("https://pay.example"),
    pageTokens: pageTokens(new Secret("k".repeat(32))),
  });
  return rpcClient(RefundsService, inMemoryTransport([mountService(RefundsService, impl, silentLogger())]));
}

const scope = () => ({ applicationId: BigInt(payment.scope.applicationId), mode: Mode.TEST });
const wish = (amountMinor: bigint, part: { idempotencyKey?: string; reason?: string } = {}) => ({
  ...scope(),
  paymentId: BigInt(payment.id),
  amountMinor,
  requestId: "req-1",
  ...part,
});
const as = (actor: string) => ({ headers: { "oi-actor": actor } });
const refused = (reason: string) => ({ reason });

describe("an application's refund", () => {
  it("is made, read and listed", async () => {
    const { refund, replayed } = await client.createRefund(wish(2_500n, { reason: "Broken" }));
    expect(replayed).toBe(false);
    expect(refund).toMatchObject({
      paymentId: BigInt(payment.id),
      amount: { amountMinor: 2_500n, currency: "BDT" },
      reason: "Broken",
      status: RefundStatus.PENDING,
      origin: RefundOrigin.MERCHANT,
      originRef: "",
      createdBy: `app:${payment.scope.applicationId}`,
      version: 1n,
    });
    const refundId = refund?.id ?? 0n;
    expect((await client.getRefund({ ...scope(), refundId })).refund).toEqual(refund);
    const listed = await client.listRefunds({ ...scope(), paymentId: BigInt(payment.id) });
    expect(listed.refunds).toEqual([refund]);
  });

  it("is listed page by page, by tokens and by counting", async () => {
    const ids: bigint[] = [];
    for (let i = 0; i < 5; i++) ids.push((await client.createRefund(wish(100n))).refund?.id ?? 0n);
    const asked = { ...scope(), paymentId: BigInt(payment.id), pageSize: 2 };
    const walked: bigint[] = [];
    let pageToken = "";
    do {
      const page = await client.listRefunds({ ...asked, pageToken });
      expect(page.totalSize).toBe(5);
      walked.push(...page.refunds.map(({ id }) => id));
      pageToken = page.nextPageToken;
    } while (pageToken !== "");
    expect(walked).toEqual(ids.toReversed());
    const second = await client.listRefunds({ ...asked, ascending: true, skip: 2 });
    expect(second.refunds.map(({ id }) => id)).toEqual(ids.slice(2, 4));
    const beyond = rpc(client.listRefunds({ ...asked, skip: 9_999 }));
    await expect(beyond).rejects.toMatchObject(refused("VALIDATION_ERROR"));
    const both = rpc(client.listRefunds({ ...asked, skip: 1, pageToken: second.nextPageToken }));
    await expect(both).rejects.toMatchObject(refused("VALIDATION_ERROR"));
  });

  it("is answered again under its key, and the key is another request's for another payment, amount or reason", async () => {
    const first = await client.createRefund(wish(100n, { idempotencyKey: "k" }));
    const again = await client.createRefund({ ...wish(100n, { idempotencyKey: "k" }), requestId: "req-2" });
    expect(again).toEqual({ ...first, replayed: true });
    expect(again.firstRequestId).toBe("req-1");
    const others = [wish(101n), wish(100n, { reason: "x" }), { ...wish(100n), paymentId: 999n }];
    for (const other of others) {
      const call = rpc(client.createRefund({ ...other, idempotencyKey: "k" }));
      await expect(call).rejects.toMatchObject(refused("IDEMPOTENCY_KEY_CONFLICT"));
    }
  });

  it.each([0n, -1n, 1_000_000_000_000_000n])("of %s is refused", async (amountMinor) => {
    await expect(rpc(client.createRefund(wish(amountMinor)))).rejects.toMatchObject({
      reason: "VALIDATION_ERROR",
      fields: { amountMinor: expect.any(String) },
    });
  });

  it("does not exist for another mode", async () => {
    const { refund } = await client.createRefund(wish(1n));
    const foreign = { ...scope(), mode: Mode.LIVE };
    const call = rpc(client.getRefund({ ...foreign, refundId: refund?.id ?? 0n }));
    await expect(call).rejects.toMatchObject(refused("RESOURCE_NOT_FOUND"));
    const list = rpc(client.listRefunds({ ...foreign, paymentId: BigInt(payment.id) }));
    await expect(list).rejects.toMatchObject(refused("RESOURCE_NOT_FOUND"));
  });
});

describe("an operator", () => {
  it("has to be named, and not by a name of ours", async () => {
    for (const headers of [
      {},
      { "oi-actor": "app:1" },
      { "oi-actor": "system:late-money" },
      { "oi-actor": "a b" },
    ]) {
      const call = rpc(client.createOperatorRefund(wish(1n), { headers }));
      await expect(call).rejects.toMatchObject({
        reason: headers["oi-actor"] === "a b" ? "VALIDATION_ERROR" : "FORBIDDEN",
      });
    }
    expect((await client.createOperatorRefund(wish(1n), as("rahim"))).refund?.createdBy).toBe("rahim");
  });

  it("takes a review flag off and sees what remains", async () => {
    const flag = { ...scope(), paymentId: BigInt(payment.id), reason: ReviewReason.RISK, note: "Known" };
    const { payment: seen, remaining } = await client.resolveReview(flag, as("karim"));
    expect(seen?.underReview).toBe(true);
    expect(remaining).toEqual([ReviewReason.CLAIM_MISMATCH]);
  });

  it("says one of two things about a refund in doubt, and only about one in doubt", async () => {
    const { refund } = await client.createRefund(wish(1n));
    const refundId = refund?.id ?? 0n;
    const nothing = rpc(client.resolveUnknownRefund({ ...scope(), refundId }, as("karim")));
    await expect(nothing).rejects.toMatchObject(refused("VALIDATION_ERROR"));
    const finding = { case: "notExecuted", value: true } as const;
    const settled = rpc(client.resolveUnknownRefund({ ...scope(), refundId, finding }, as("karim")));
    await expect(settled).rejects.toMatchObject(refused("INVALID_OPERATION_STATE"));
  });
});
