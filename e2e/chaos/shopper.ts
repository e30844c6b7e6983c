import { setTimeout as sleep } from "node:timers/promises";
import type { Client } from "./client.ts";
import type { Random } from "./random.ts";
import type { Shop } from "./shops.ts";

/**
 * Amounts that make the gateway misbehave: customers who fail, cancel, pay twice or late; callbacks lost, doubled, early,
 * forged; sessions, validations and questions that go wrong; money that is not what was asked.
 */
const MAGIC: readonly [number, ...number[]] = [
  ...([404_001, 404_002, 404_003, 404_007, 404_008, 404_014, 404_015] as const),
  ...[404_101, 404_102, 404_103, 404_105, 404_106, 404_107, 404_108, 404_110, 404_118, 404_123, 404_124],
  // Few of these: five in a row and the breaker of the account keeps everybody from paying for a while.
  ...[404_202, 404_206, 404_212, 404_223, 404_232],
];

/** Of refunds: done, refused, cancelled, executed and cut off, cut off before, executed with an error. */
const MAGIC_REFUNDS = [2_000, 2_001, 2_002, 2_004, 2_005, 2_006] as const;

const PAY_BUDGET_MS = 30_000;
const FINAL = new Set(["SUCCEEDED", "FAILED", "CANCELLED", "EXPIRED"]);

type Payment = { readonly id: number; readonly status: string; readonly checkoutUrl: string };

export type Shopping = {
  readonly client: Client;
  readonly shops: readonly [Shop, ...Shop[]];
  readonly random: Random;
  /** A card number that must be found nowhere. */
  readonly card: string;
  /** Unique for each of those who shop at the same time. */
  readonly name: string;
  readonly isOver: () => boolean;
};

/** One purchase after the other, each to its end: created, paid, refunded in part, asked again and again. */
export async function shop(shopping: Shopping): Promise<void> {
  for (let n = 1; !shopping.isOver(); n++) await buy(shopping, `${shopping.name}-${n}`);
}

async function buy(shopping: Shopping, mark: string): Promise<void> {
  const { client, random, shops, card } = shopping;
  const seller = random.pick(shops);
  const amountMinor = random.chance(0.4) ? random.pick(MAGIC) : Math.round(random.between(10_000, 900_000));
  if (random.chance(0.02)) {
    const body = { amountMinor, customerReference: mark, productName: `card ${card}` };
    await client.send(seller, { op: "other", method: "POST", path: "/api/v1/payments", body });
  }
  const request = {
    ...({ op: "payment", method: "POST", path: "/api/v1/payments", key: `pay-${mark}`, mark } as const),
    body: { amountMinor, customerReference: mark, productName: "Umbrella" },
  };
  const created = await client.insist(seller, request);
  if (created?.status !== 201) return;
  if (random.chance(0.2)) await client.insist(seller, request);
  const payment = (JSON.parse(created.text) as { data: Payment }).data;
  await openCheckout(shopping, payment);
  if (random.chance(0.05)) return;
  if ((await outcomeOf(shopping, seller, payment)) !== "SUCCEEDED") return;
  for (let part = 1; random.chance(0.5) && part <= 3; part++)
    await refund(shopping, seller, payment, `${mark}-refund-${part}`);
}

/** The customer clicks, and clicks again while it does not work. */
async function openCheckout({ client, random, isOver }: Shopping, { checkoutUrl }: Payment): Promise<void> {
  const path = `${new URL(checkoutUrl).pathname}/pay`;
  for (let click = 1; click <= 8; click++) {
    const answer = await client.send(null, { op: "other", method: "POST", path, budgetMs: PAY_BUDGET_MS });
    if (answer?.status === 303 || answer?.status === 409 || (isOver() && click > 2)) return;
    await sleep(random.between(200, 800));
  }
}

async function outcomeOf({ client, isOver }: Shopping, seller: Shop, { id }: Payment): Promise<string> {
  for (let look = 1; look <= 8; look++) {
    const answer = await client.send(seller, { op: "other", method: "GET", path: `/api/v1/payments/${id}` });
    const status = answer?.status === 200 ? (JSON.parse(answer.text) as { data: Payment }).data.status : "";
    if (FINAL.has(status) || (isOver() && look > 2)) return status;
    await sleep(100 * look);
  }
  return "";
}

async function refund(
  { client, random }: Shopping,
  seller: Shop,
  { id }: Payment,
  mark: string,
): Promise<void> {
  const amountMinor = random.chance(0.3)
    ? random.pick(MAGIC_REFUNDS)
    : // Above every magic amount: some of those stay open for a month.
      Math.round(random.between(2_100, 4_000));
  const request = {
    ...({ op: "refund", method: "POST", path: `/api/v1/payments/${id}/refunds`, key: mark, mark } as const),
    body: { amountMinor, reason: mark },
  };
  await client.insist(seller, request);
  if (random.chance(0.3)) await client.insist(seller, request);
}
