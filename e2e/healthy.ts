import { fileURLToPath } from "node:url";
import { rpcClient } from "@oi/platform/rpc/client";
import { Mode } from "@oi/proto/common/v1/mode";
import { RefundsService } from "@oi/proto/payments/v1/refunds_service";
import { eventually } from "@oi/testkit/eventually";
import { fetchBooks } from "@oi/tools/invariants/inputs";
import type { ClientEntry, Journals, SinkEntry } from "@oi/tools/invariants/journals/journals";
import { Webhook } from "standardwebhooks";
import { expect } from "vitest";
import type { Harness, ReceivedWebhook } from "./harness.ts";
import { openCheckout, type PaymentJson } from "./merchant.ts";

const BUDGET_MS = 60_000;

/** A merchant's day in small: paid, refunded in two parts, failed, cancelled and paid late, still open. */
export async function tradeWith(oi: Harness): Promise<readonly ClientEntry[]> {
  const journal: ClientEntry[] = [];
  const note = notesInto(journal);
  const create = (mark: string, amountMinor: number): Promise<PaymentJson> =>
    note({ op: "payment", mark, key: `key-${mark}`, path: "/payments" }, async () => {
      const body = { amountMinor, customerReference: mark };
      const created = await oi.merchant.create(body, { "idempotency-key": `key-${mark}` });
      await openCheckout(created.json.data);
      return { status: created.status, text: created.text, value: created.json.data };
    });
  const plain = [await create("shopper-1", 2_100), await create("shopper-2", 150_000)];
  for (const { reference } of plain) await oi.sandbox.pay(reference);
  const [failed, cancelled] = [await create("shopper-3", 404_002), await create("shopper-4", 404_014)];
  await create("shopper-5", 5_000);
  const [paid] = plain;
  if (!paid) throw new Error("two were paid");
  await reaches(oi, paid, "SUCCEEDED");
  for (const [i, amountMinor] of [1_000, 500].entries())
    await refundPart(oi, note, paid, amountMinor, `part-${i}`);
  await reaches(oi, failed, "FAILED");
  await reaches(oi, cancelled, "CANCELLED");
  return journal;
}

const reaches = (oi: Harness, { id }: PaymentJson, status: string): Promise<void> =>
  eventually(async () => expect((await oi.merchant.payment(id)).status).toBe(status), { withinMs: 20_000 });

type Wish = {
  readonly op: "payment" | "refund";
  readonly mark: string;
  readonly key: string;
  readonly path: string;
};
type Noting = <T>(wish: Wish, work: () => Promise<{ status: number; text: string; value: T }>) => Promise<T>;

function notesInto(journal: ClientEntry[]): Noting {
  return async (wish, work) => {
    const n = journal.length;
    journal.push({ kind: "request", n, at: n, method: "POST", body: null, budgetMs: BUDGET_MS, ...wish });
    const { status, text, value } = await work();
    journal.push({ kind: "answer", n, at: n, status, text, ms: 1 });
    return value;
  };
}

function refundPart(
  { constellation, merchant }: Harness,
  note: Noting,
  payment: PaymentJson,
  amountMinor: number,
  reason: string,
): Promise<void> {
  const refunds = rpcClient(RefundsService, constellation.transports.payments);
  const path = "CreateRefund";
  return note({ op: "refund", mark: reason, key: reason, path }, async () => {
    const { refund } = await refunds.createRefund({
      applicationId: BigInt(merchant.applicationId),
      mode: Mode.TEST,
      paymentId: BigInt(payment.id),
      amountMinor: BigInt(amountMinor),
      reason,
      idempotencyKey: reason,
    });
    const told = { id: String(refund?.id), paymentId: String(refund?.paymentId), amountMinor };
    return { status: 200, text: JSON.stringify({ refund: told }), value: undefined };
  });
}

/** What the receiver keeps, as a storm's journal has it. */
function copyOf({ headers, body }: ReceivedWebhook, url: string, secret: string): SinkEntry {
  const isGenuine = (): boolean => {
    try {
      return new Webhook(secret).verify(body, headers) !== null;
    } catch {
      return false;
    }
  };
  return {
    at: 0,
    url,
    id: headers["webhook-id"] ?? "",
    timestamp: headers["webhook-timestamp"] ?? "",
    signature: headers["webhook-signature"] ?? "",
    body,
    isGenuine: isGenuine(),
    status: 200,
  };
}

/** The journals of a run without a storm. */
export async function journalsOf(oi: Harness, client: readonly ClientEntry[]): Promise<Journals> {
  const copies = oi.sink.received.map((received) => copyOf(received, oi.sink.url, oi.signingSecret));
  return {
    run: {
      seed: 1,
      startedAt: 0,
      applications: [oi.merchant.applicationId],
      endpoints: [{ url: oi.sink.url, secrets: [oi.signingSecret] }],
      inFlight: 64,
      canaries: { secret: oi.merchant.apiSecret, "signing secret": oi.signingSecret },
      scan: [fileURLToPath(new URL("planted.ts", import.meta.url))],
    },
    gateway: await fetchBooks(oi.sandbox.url),
    client: () => listed(client),
    sinks: () => listed(copies),
    traps: () => listed([{ kind: "listening", where: "127.0.0.2:1", at: 0 }]),
    faults: () => listed([]),
  };
}

async function* listed<T>(entries: readonly T[]): AsyncGenerator<T> {
  yield* entries;
}
