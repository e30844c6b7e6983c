import { setTimeout as sleep } from "node:timers/promises";
import postgres from "postgres";
import type { World } from "./world.ts";

/** Counts of what is still on its way; all zero when nothing is. */
export type Restless = Readonly<Record<string, number>>;

const PAYMENTS = `
  select (select count(*) from outbox where published_at is null) as "events to publish",
    (select count(*) from gateway_callback where outcome = 'PENDING_VERIFICATION' and signature_valid) as "callbacks to judge",
    (select count(*) from refund_attempt where next_at is not null) as "refunds to follow"`;

/** Late: sent and not heard. Both sides count what the other handles. */
const SENT = `
  select count(*) filter (where subject in ('payments.payment.succeeded', 'payments.payment.failed', 'payments.payment.cancelled',
      'payments.payment.expired', 'payments.application.updated', 'payments.refund.succeeded', 'payments.refund.failed')) as webhooks,
    count(*) filter (where subject in ('payments.payment.succeeded', 'payments.late_receipt.recorded', 'payments.refund.requested',
      'payments.refund.approved', 'payments.refund.succeeded', 'payments.refund.failed')) as ledger from outbox`;

const WEBHOOKS = `
  select (select count(*) from inbox where subject like 'payments.%') as heard,
    (select count(*) from delivery where state in ('PENDING', 'LEASED')) as open`;

/** Charges that are booked, and attempts whose money a person was told of. */
const BOOKED = `
  select (select json_agg(gateway_ref) from charge)::text as refs,
    (select json_agg(a.merchant_ref) from gateway_attempt a join payment_review v on v.payment_id = a.payment_id
     where v.reason like '%\\_MISMATCH')::text as apart`;

type Counts = Readonly<Record<string, string>>;

/** What has not come to rest yet, after the faults were lifted. */
async function restless(world: World): Promise<Restless> {
  const { payments, ledger, webhooks } = world.servers.databases;
  const one = async (url: string, text: string): Promise<Counts> => {
    const sql = postgres(url, { max: 1, onnotice: () => undefined });
    try {
      return (await sql.unsafe<Counts[]>(text))[0] ?? {};
    } finally {
      await sql.end({ timeout: 1 });
    }
  };
  const [own, sent, heard, posted, booked] = await Promise.all([
    one(payments.ownerUrl, PAYMENTS),
    one(payments.ownerUrl, SENT),
    one(webhooks.ownerUrl, WEBHOOKS),
    one(ledger.ownerUrl, "select count(*) as heard from ledger.inbox"),
    one(payments.ownerUrl, BOOKED),
  ]);
  const refs = new Set([...list(booked.refs), ...list(booked.apart)]);
  const charges = await chargesOf(world.gatewayUrl);
  return {
    ...Object.fromEntries(Object.entries(own).map(([what, n]) => [what, Number(n)])),
    "events to webhooks": Number(sent.webhooks) - Number(heard.heard),
    "events to the ledger": Number(sent.ledger) - Number(posted.heard),
    "deliveries to make": Number(heard.open),
    "charges to book": charges.filter(({ valId, tranId }) => !refs.has(valId) && !refs.has(tranId)).length,
  };
}

const list = (json: string | null | undefined): readonly string[] => JSON.parse(json ?? "null") ?? [];

async function chargesOf(url: string): Promise<readonly { valId: string; tranId: string }[]> {
  const response = await fetch(`${url}/_sandbox/charges`);
  return ((await response.json()) as { charges: { valId: string; tranId: string }[] }).charges;
}

/** Waits until nothing is on its way any more. Returns what still is when the patience ends; empty when all is at rest. */
export async function awaitQuiet(world: World, withinMs: number): Promise<Restless> {
  const deadline = performance.now() + withinMs;
  for (;;) {
    const counts = await restless(world);
    const open = Object.fromEntries(Object.entries(counts).filter(([, n]) => n !== 0));
    if (Object.keys(open).length === 0 || performance.now() > deadline) return open;
    await sleep(500);
  }
}
