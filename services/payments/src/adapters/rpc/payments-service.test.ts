import { DomainError } from "@oi/kernel/errors";
import { Secret } from "@oi/platform/config/env";
import { inMemoryTransport, rpcClient } from "@oi/platform/rpc/client";
import { fromStatus, rpc } from "@oi/platform/rpc/errors";
import { pageTokens } from "@oi/platform/rpc/page-token";
import { mountService } from "@oi/platform/rpc/service";
import { createLogger } from "@oi/platform/telemetry/logger";
import { Mode } from "@oi/proto/common/v1/mode";
import { type BatchCreatePaymentsResponse, PaymentsService } from "@oi/proto/payments/v1/payments_service";
import { describe, expect, it } from "vitest";
import { createPayment } from "../../application/create-payment.ts";
import { getPayment } from "../../application/get-payment.ts";
import { getReceipt } from "../../application/get-receipt.ts";
import { listPayments } from "../../application/list-payments.ts";
import { memoryWorld } from "../../testing/memory-world.ts";
import { sampleReference } from "../../testing/samples.ts";
import { register } from "../../testing/store-world.ts";
import { requestFingerprint } from "../crypto/digests.ts";
import { paymentMapper } from "./payment-message.ts";
import { paymentsService } from "./payments-service.ts";
import { receiptMapper } from "./receipt-message.ts";

type Wish = {
  readonly applicationId?: bigint;
  readonly amount?: { readonly amountMinor: bigint; readonly currency: string };
  readonly customerReference?: string;
  readonly idempotencyKey?: string;
  readonly redirectUrl?: string;
};

async function desk(change: { create?: ReturnType<typeof createPayment> } = {}) {
  const world = memoryWorld();
  const { id } = await register(world);
  const lines: string[] = [];
  const log = createLogger({
    service: "payments",
    level: "info",
    destination: { write: (line: string) => void lines.push(line) },
  });
  const impl = paymentsService({
    createPayment: change.create ?? createPayment({ ...world, ids: { paymentReference: sampleReference } }),
    getPayment: getPayment(world),
    listPayments: listPayments(world),
    getReceipt: getReceipt(world),
    getTimeline: () => expect.fail("no test here reads a timeline"),
    receiptMessage: receiptMapper("https://pay.example"),
    fingerprint: requestFingerprint,
    paymentMessage: paymentMapper("https://pay.example"),
    pageTokens: pageTokens(new Secret("k".repeat(32))),
  });
  const client = rpcClient(PaymentsService, inMemoryTransport([mountService(PaymentsService, impl, log)]));
  const scope = { applicationId: BigInt(id), mode: Mode.TEST };
  const wish = (part: Wish = {}) => ({
    ...scope,
    amount: { amountMinor: 50_000n, currency: "BDT" },
    customerReference: "c-1",
    requestId: "req-1",
    ...part,
  });
  return { client, scope, wish, lines };
}

/** The amount of what was made, or the reason of the refusal. */
const outcomes = ({ results }: BatchCreatePaymentsResponse) =>
  results.map(({ outcome }) => {
    if (outcome.case === "created") return outcome.value.payment?.amount?.amountMinor;
    return outcome.case === "refused" ? fromStatus(outcome.value).reason : "nothing";
  });

describe("a batch of payments", () => {
  it("has a result for each, in the order of the request", async () => {
    const { client, wish } = await desk();
    const requests = Array.from({ length: 64 }, (_, i) =>
      wish({ amount: { amountMinor: BigInt(i + 1), currency: "BDT" } }),
    );
    const answer = await client.batchCreatePayments({ requests });
    expect(outcomes(answer)).toEqual(requests.map((_, i) => BigInt(i + 1)));
    const references = answer.results.map(({ outcome }) =>
      outcome.case === "created" ? outcome.value.payment?.reference : null,
    );
    expect(new Set(references).size).toBe(64);
  });

  it("answers each as if it had come alone: one that is refused stops no other", async () => {
    const { client, wish } = await desk();
    const key = { idempotencyKey: "k-1" };
    await client.createPayment(wish(key));
    const answer = await client.batchCreatePayments({
      requests: [
        wish(),
        wish({ amount: { amountMinor: 0n, currency: "BDT" } }),
        wish({ applicationId: 999_999n }),
        wish(key),
        wish({ ...key, customerReference: "c-2" }),
        wish({ redirectUrl: "javascript:alert(1)" }),
      ],
    });
    expect(outcomes(answer)).toEqual([
      50_000n,
      "VALIDATION_ERROR",
      "RESOURCE_NOT_FOUND",
      50_000n,
      "IDEMPOTENCY_KEY_CONFLICT",
      "VALIDATION_ERROR",
    ]);
    const [, invalid, , replayed] = answer.results.map(({ outcome }) => outcome);
    expect(replayed).toMatchObject({ case: "created", value: { replayed: true } });
    if (invalid?.case !== "refused") throw new Error("the second is refused");
    expect(invalid.value.code).toBe(3);
    expect(fromStatus(invalid.value).fields).toEqual({
      amount: "must be an integer from 1 to 999999999999999",
    });
  });

  it("is refused as a whole only when it is no batch", async () => {
    const { client, wish } = await desk();
    const none = rpc(client.batchCreatePayments({ requests: [] }));
    await expect(none).rejects.toMatchObject({
      reason: "VALIDATION_ERROR",
      fields: { requests: expect.anything() },
    });
    const many = rpc(client.batchCreatePayments({ requests: Array.from({ length: 65 }, () => wish()) }));
    await expect(many).rejects.toMatchObject({ reason: "VALIDATION_ERROR" });
  });

  it("shows nothing of a bug in one of them, and logs it", async () => {
    const { client, wish, lines } = await desk({
      create: async () => {
        throw new TypeError("the secret reason");
      },
    });
    const answer = await client.batchCreatePayments({ requests: [wish()] });
    expect(outcomes(answer)).toEqual(["INTERNAL_ERROR"]);
    expect(
      JSON.stringify(answer, (_, value) => (typeof value === "bigint" ? String(value) : value)),
    ).not.toContain("secret");
    expect(lines.filter((line) => line.includes("the secret reason"))).toHaveLength(1);
  });

  it("runs them side by side", async () => {
    let running = 0;
    let most = 0;
    const { promise, resolve } = Promise.withResolvers<void>();
    const { client, wish } = await desk({
      create: async () => {
        running += 1;
        most = Math.max(most, running);
        if (running === 8) resolve();
        await promise;
        throw new DomainError("SERVICE_UNAVAILABLE", "Not now.");
      },
    });
    await client.batchCreatePayments({ requests: Array.from({ length: 8 }, () => wish()) });
    expect(most).toBe(8);
  });
});

describe("pages of a list", () => {
  it("follow each other by tokens and hold every payment once", async () => {
    const { client, scope, wish } = await desk();
    await client.batchCreatePayments({ requests: Array.from({ length: 7 }, () => wish()) });
    const seen: bigint[] = [];
    let pageToken = "";
    do {
      const page = await client.listPayments({ ...scope, customerReference: "c-1", pageSize: 3, pageToken });
      seen.push(...page.payments.map(({ id }) => id));
      pageToken = page.nextPageToken;
    } while (pageToken !== "");
    expect(seen).toHaveLength(7);
    expect(new Set(seen).size).toBe(7);
  });

  it("are refused when the token is altered or belongs to another list", async () => {
    const { client, scope, wish } = await desk();
    await client.batchCreatePayments({ requests: Array.from({ length: 3 }, () => wish()) });
    const asked = { ...scope, customerReference: "c-1", pageSize: 1 };
    const { nextPageToken: pageToken } = await client.listPayments(asked);
    const altered = pageToken.replace(/^./, (first) => (first === "A" ? "B" : "A"));
    for (const request of [
      { ...asked, pageToken: altered },
      { ...asked, pageToken, customerReference: "c-2" },
      { ...asked, pageToken, mode: Mode.LIVE },
      { ...asked, pageToken: Buffer.from("skip:1").toString("base64url") },
    ]) {
      await expect(rpc(client.listPayments(request))).rejects.toMatchObject({
        reason: "VALIDATION_ERROR",
        fields: { pageToken: expect.any(String) },
      });
    }
    expect((await client.listPayments({ ...asked, pageToken })).payments).toHaveLength(1);
  });
});
