import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { eventually } from "@oi/testkit/eventually";
import { type TestNats, testNats } from "@oi/testkit/nats";
import { type TestDatabase, testDatabase } from "@oi/testkit/postgres";
import postgres, { type Sql } from "postgres";
import { afterAll, beforeAll, expect, it } from "vitest";
import { createAdmin, PASSWORD, startSandbox } from "./testing/sandbox-process.ts";
import { type ServiceProcess, startService } from "./testing/service-process.ts";

/**
 * Real: the service as a process that is killed with SIGKILL, PostgreSQL, NATS, HTTP to the simulator. Double: the
 * simulator is the gateway, and this file forwards its notifications as the edge would. Judge: the simulator's own books of
 * charges and refunds, and the rows of the database. `KILL_RUNS=50` kills it so often at each failpoint, in five lanes with
 * three payments under way in each; without it the service dies once at each of a sample of them.
 */
const KILLS = Number(process.env.KILL_RUNS ?? 1);
const LANES = KILLS > 1 ? 5 : 1;
const WORKERS = KILLS > 1 ? 3 : 1;
/** Under a storm of kills a payment takes as long as the storm. */
const PATIENCE_MS = 40_000 + KILLS * 20_000;

const FAILPOINTS = [
  "create.before_commit",
  "create.committed_no_reply",
  "checkout.attempt_committed",
  "checkout.call_sent",
  "checkout.answered_not_committed",
  "callback.evidence_committed_no_reply",
  "callback.verdict_not_committed",
  "callback.applied_not_published",
  "relay.published_not_marked",
  "relay.mid_batch",
  "sweep.claimed",
  "inquiry.answered_not_committed",
  "refund.intent_committed",
  "refund.call_sent",
  "refund.answered_not_committed",
  "late_money.committed_not_refunded",
];

const SAMPLE = ["callback.verdict_not_committed", "refund.call_sent"];

/** A database and a broker of its own, so that several services can live and die side by side. */
type Lane = { readonly database: TestDatabase; readonly nats: TestNats; readonly sql: Sql };

let sandbox: Awaited<ReturnType<typeof startSandbox>>;
let gateway: ReturnType<typeof createAdmin>;
let lanes: readonly Lane[];
const opened = new AsyncDisposableStack();

async function openLane(): Promise<Lane> {
  const database = opened.use(
    await testDatabase({ migrations: "services/payments/migrations", service: "payments" }),
  );
  const nats = opened.use(await testNats());
  const sql = postgres(database.adminUrl, { max: 2 });
  opened.defer(() => sql.end());
  return { database, nats, sql };
}

beforeAll(async () => {
  sandbox = opened.use(await startSandbox({ SANDBOX_REFUND_DELAY_MS: "50" }));
  gateway = createAdmin(sandbox);
  lanes = await Promise.all(Array.from({ length: LANES }, openLane));
  // Session and refund take their time, so that a process can die while they are on the wire.
  const slow = { status: 200, body: "normal", delayMs: 150 };
  await gateway.call("rules", { match: { tranId: "*" }, reply: { session: slow, refund: slow } });
});
afterAll(() => opened.disposeAsync());

type Call = ServiceProcess["call"];

/** The edge's part: a notification is handed over as it came. */
async function forwarder(handOver: (body: string) => Promise<unknown>) {
  const server = createServer(async (request, response) => {
    await handOver(await text(request)).catch(() => undefined);
    response.end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { url, [Symbol.dispose]: () => void server.close() };
}

const notification = (body: string) => ({
  gateway: "SSLCOMMERZ",
  channel: "CALLBACK_CHANNEL_NOTIFICATION",
  method: "POST",
  contentType: "application/x-www-form-urlencoded",
  body: Buffer.from(body).toString("base64"),
  remoteAddress: "192.0.2.1",
});

function environment({ database, nats }: Lane, publicUrl: string): Record<string, string> {
  return {
    PAYMENTS_DATABASE_URL: database.url,
    NATS_URL: nats.url,
    PUBLIC_URL: publicUrl,
    API_SECRET_PEPPER: "p1:0123456789abcdef0123",
    SSLCOMMERZ_TEST_BASE_URL: sandbox.url,
    SSLCOMMERZ_TEST_STORE_ID: "testbox",
    SSLCOMMERZ_TEST_STORE_PASSWORD: PASSWORD,
    GATEWAY_CALLS_PER_SECOND: "1000",
    INQUIRY_SCHEDULE: "1,2,4,8",
    REFUND_SCHEDULE: "1,2,4,8",
  };
}

/** What a client repeats, under the same key: nobody answered in time. */
const REPEATED: readonly unknown[] = ["deadline_exceeded", "unavailable", "aborted"];

async function ok(call: Call, method: string, body: object, headers = {}): Promise<Record<string, never>> {
  for (;;) {
    const answer = await call(method, body, headers);
    if (answer.ok) return answer.body;
    if (!REPEATED.includes(answer.body.code)) throw new Error(`${method}: ${JSON.stringify(answer.body)}`);
  }
}

type Payment = { readonly id: string; readonly reference: string; readonly status: string };
type Refund = { readonly id: string; readonly status: string };

/** A click that is repeated until it leads somewhere; what a crash left open counts as a minute old. */
async function openCheckout(sql: Sql, call: Call, reference: string): Promise<string> {
  for (;;) {
    const answer = await call("CheckoutService/OpenCheckout", { reference });
    if (answer.ok) break;
    await sql`
      update gateway_attempt set created_at = created_at - interval '61 seconds' where state = 'OPENING'`;
  }
  const [open] = await sql`
    select merchant_ref from gateway_attempt where state = 'OPEN' and merchant_ref like ${`${reference}-%`}`;
  return String(open?.merchant_ref);
}

/** A call takes a fraction of a second; who holds one longer than five has died, and its lease counts as over. */
async function endDeadLeases(sql: Sql): Promise<void> {
  await sql`
    update refund_attempt set lease_until = clock_timestamp() - interval '1 second'
    where state = 'SENDING' and lease_until < clock_timestamp() + interval '55 seconds'`;
  await sql`
    update gateway_attempt set inquiry_lease_until = clock_timestamp() - interval '1 second'
    where inquiry_lease_until < clock_timestamp() + interval '25 seconds'`;
}

/** The operator's part: looks into the gateway's books and says what is there. */
async function endDoubts(sql: Sql, call: Call, scope: object, payment: Payment): Promise<void> {
  await endDeadLeases(sql);
  const doubtful = await sql`
    select r.id, t.merchant_refund_ref as ref from refund r join refund_attempt t on t.refund_id = r.id
    where r.payment_id = ${payment.id} and t.state = 'UNKNOWN'`;
  const { refunds } = (await gateway.call("refunds")) as { refunds: Record<string, string>[] };
  for (const { id, ref } of doubtful) {
    const known = refunds.find((refund) => Object.values(refund).includes(ref));
    const gatewayRefundId = known?.refundRefId ?? known?.refund_ref_id;
    const finding = gatewayRefundId === undefined ? { notExecuted: true } : { gatewayRefundId };
    await call(
      "RefundsService/ResolveUnknownRefund",
      { ...scope, refundId: id, ...finding },
      { "oi-actor": "karim" },
    );
  }
}

async function live(
  sql: Sql,
  call: Call,
  run: string,
  dropIpn: boolean,
): Promise<{ payment: Payment; merchantRef: string }> {
  const made = await ok(call, "ApplicationsService/RegisterApplication", {
    name: "Shop",
    idempotencyKey: run,
  });
  const { application } = made as unknown as { application: { id: string } };
  const { id: applicationId } = application;
  const scope = { applicationId, mode: "MODE_TEST" };
  const wish = { ...scope, amount: { amountMinor: "10000" }, customerReference: "c", idempotencyKey: run };
  const { payment } = (await ok(call, "PaymentsService/CreatePayment", wish)) as unknown as {
    payment: Payment;
  };
  const merchantRef = await openCheckout(sql, call, payment.reference);
  const found = (await gateway.call(`sessions?tranId=${merchantRef}`)) as {
    sessions: { sessionkey: string }[];
  };
  const act = (late: boolean) =>
    gateway.call(`sessions/${found.sessions[0]?.sessionkey}/act`, {
      outcome: "success",
      dropReturn: true,
      dropIpn: dropIpn && !late,
      late,
    });
  const state = async () => {
    await endDeadLeases(sql);
    const read = await ok(call, "PaymentsService/GetPayment", { ...scope, id: payment.id });
    return (read as unknown as { payment: Payment }).payment;
  };
  await act(false);
  await eventually(async () => expect((await state()).status).toBe("PAYMENT_STATUS_SUCCEEDED"), {
    withinMs: PATIENCE_MS,
  });
  await act(true);
  const refund = { ...scope, paymentId: payment.id, amountMinor: "2500", idempotencyKey: run };
  await ok(call, "RefundsService/CreateRefund", refund);
  await eventually(
    async () => {
      await endDoubts(sql, call, scope, payment);
      const { refunds } = await ok(call, "RefundsService/ListRefunds", { ...scope, paymentId: payment.id });
      const states = ((refunds ?? []) as Refund[]).map(({ status }) => status);
      expect(states).toEqual(["REFUND_STATUS_SUCCEEDED", "REFUND_STATUS_SUCCEEDED"]);
    },
    { withinMs: PATIENCE_MS },
  );
  return { payment: await state(), merchantRef };
}

/** One charge and one refund for each that was wanted, one event per change, and nothing left unsaid. */
async function judge(sql: Sql, { payment, merchantRef }: Awaited<ReturnType<typeof live>>): Promise<void> {
  expect(payment.status).toBe("PAYMENT_STATUS_PARTIALLY_REFUNDED");
  const { charges } = (await gateway.call(`charges?tranId=${merchantRef}`)) as { charges: unknown[] };
  expect(charges).toHaveLength(2);
  const refunds = (await gateway.call(`refunds?tranId=${merchantRef}`)) as { refunds: unknown[] };
  expect(refunds.refunds).toHaveLength(2);
  const [books] = await sql`
    select (select count(*)::int from payment p2 where p2.application_id = p.application_id) as payments,
      (select count(*)::int from idempotency i where i.application_id = p.application_id) as keys,
      (select array_agg(kind order by kind) from charge c where c.payment_id = p.id) as charges,
      (select array_agg(h.version::int order by h.version) from payment_history h where h.payment_id = p.id) as versions,
      p.reserved_minor::int as reserved, p.refunded_minor::int as refunded, p.review_reasons as reviews
    from payment p where p.id = ${payment.id}`;
  expect(books).toEqual({
    payments: 1,
    keys: 2,
    charges: ["EXTRA", "SETTLEMENT"],
    versions: [1, 2, 3, 4],
    reserved: 2_500,
    refunded: 2_500,
    reviews: [],
  });
  await eventually(
    async () => {
      const events = await sql`
        select subject, count(*)::int as n, count(published_at)::int as published from outbox
        where aggregate = ${payment.reference} group by subject order by subject`;
      expect(events.map(({ subject, n, published }) => `${subject} ${n} ${published}`)).toEqual([
        "payments.late_receipt.recorded 1 1",
        "payments.payment.created 1 1",
        "payments.payment.opened 1 1",
        "payments.payment.succeeded 1 1",
        "payments.refund.requested 2 2",
        "payments.refund.succeeded 2 2",
      ]);
    },
    { withinMs: PATIENCE_MS },
  );
}

/** Payments follow one another until the service has died often enough; each of them ends as if it never had. */
async function dieAndLive(lane: Lane, failpoint: string, kills: number): Promise<void> {
  let handOver: (body: string) => Promise<unknown> = async () => undefined;
  using edge = await forwarder((body) => handOver(body));
  await using service = await startService(environment(lane, edge.url), failpoint, kills);
  handOver = (body) => service.call("CheckoutService/RecordGatewayCallback", notification(body));
  // With the notification on its way the gateway is not asked without a hint.
  const dropIpn = failpoint === "inquiry.answered_not_committed";
  let begun = 0;
  const work = async (): Promise<void> => {
    while (service.kills() < kills) {
      begun += 1;
      await judge(lane.sql, await live(lane.sql, service.call, `${failpoint}-${begun}`, dropIpn));
    }
  };
  await Promise.all(Array.from({ length: WORKERS }, work));
  expect(service.kills()).toBe(kills);
}

for (const failpoint of KILLS > 1 ? FAILPOINTS : SAMPLE) {
  it(
    `loses nothing and does nothing twice when it is killed at ${failpoint}`,
    async () => {
      await Promise.all(lanes.map((lane) => dieAndLive(lane, failpoint, Math.ceil(KILLS / LANES))));
    },
    3 * PATIENCE_MS,
  );
}
