import { setTimeout as sleep } from "node:timers/promises";
import { eventually } from "@oi/testkit/eventually";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type FaultBench, type PaymentView, startFaultBench } from "../testing/fault-bench.ts";
import { act, atGateway, endOf, openAtLast } from "../testing/story.ts";

/**
 * Real: the service on PostgreSQL and NATS, its breaker, HTTP to the simulator as a process. Double: the simulator is
 * the gateway, taken down by its admin calls. Judge: its journal of requests. Ten minutes are ten seconds here, and
 * everything that is measured in seconds is shortened alike; `OUTAGE_SCALE=1` takes the ten minutes.
 */
const SCALE = Number(process.env.OUTAGE_SCALE ?? 60);
const scaled = (seconds: number): number => Math.round((seconds * 1_000) / SCALE);
const PROBE_EVERY_MS = scaled(10);
const OUTAGE_MS = scaled(600);
/** Calls that find out that nobody answers before the breaker opens; more of them may be under way at that moment. */
const BREAKER_CALLS = 5;

let bench: FaultBench;

beforeAll(async () => {
  bench = await startFaultBench({
    patience: {
      deadlines: { session: scaled(60), read: scaled(60), refund: scaled(60) },
      probeEveryMs: PROBE_EVERY_MS,
    },
    env: { INQUIRY_SCHEDULE: [30, 60, 120, 300, 600].map((seconds) => seconds / SCALE).join(",") },
  });
});
afterAll(() => bench?.[Symbol.asyncDispose]());

const outage = (mode: string, forMs: number) => bench.gateway.call("outage", { mode, forMs });
const click = (reference: string) => bench.call("CheckoutService/OpenCheckout", { reference });
const UNAVAILABLE = { ok: false, code: "unavailable", reason: "GATEWAY_UNAVAILABLE" };

async function requests(): Promise<number[]> {
  const { entries } = (await bench.gateway.call("journal")) as {
    entries: { kind: string; fault?: string | null; at: number }[];
  };
  return entries.flatMap(({ kind, fault, at }) =>
    kind === "request" && fault?.startsWith("outage") ? [at] : [],
  );
}

describe("while the gateway is down for ten minutes", () => {
  it(
    "payments are created, opening answers 503 with its reason, nothing is closed, and it is probed once a period",
    async () => {
      const waiting = await Promise.all([atGateway(bench), atGateway(bench), atGateway(bench)]);
      const [paid, overdue, untouched] = waiting;
      if (!paid || !overdue || !untouched) throw new Error("three payments wait");
      await act(bench, paid, { dropIpn: true, dropReturn: true });
      await act(bench, overdue, { outcome: "leave", dropIpn: true, dropReturn: true });
      const begunAt = performance.now();
      await outage("refuse", OUTAGE_MS);
      // Its time is over by hours, and still nobody has said that no money came.
      await bench.sql`update payment set expires_at = created_at - interval '3 hours' where id = ${overdue.id}`;
      await askNow(overdue);
      const refused: string[] = [];
      while (performance.now() - begunAt < OUTAGE_MS * 0.95) {
        const payment = await bench.create();
        expect(payment.status).toBe("PAYMENT_STATUS_CREATED");
        expect(await click(payment.reference)).toMatchObject(UNAVAILABLE);
        refused.push(payment.id);
        await sleep(50);
      }
      expect(refused.length).toBeGreaterThan(10);
      const [states] = await bench.sql`
        select array_agg(distinct status) as status, count(*) filter (where review_reasons <> '{}')::int as flagged,
          count(*) filter (where status <> 'CREATED')::int as opened from payment`;
      expect(states).toEqual({ status: ["CREATED", "PENDING"], flagged: 0, opened: waiting.length });
      const probes = (await requests()).length - BREAKER_CALLS;
      expect(probes).toBeGreaterThan(3);
      // Those that were under way when it opened, and their repeats, come on top.
      expect(probes).toBeLessThanOrEqual(OUTAGE_MS / PROBE_EVERY_MS + 2 * waiting.length);

      const later = await bench.create();
      await eventually(async () => expect((await click(later.reference)).ok).toBe(true), LONG);
      for (const payment of [paid, overdue]) await askNow(payment);
      await eventually(async () => expect((await endOf(bench, paid)).payment).toBe("SUCCEEDED"), LONG);
      await eventually(async () => expect((await endOf(bench, overdue)).payment).toBe("EXPIRED"), LONG);
      expect((await endOf(bench, untouched)).payment).toBe("PENDING");
    },
    OUTAGE_MS + 60_000,
  );

  it.each(["hang", "500", "html", "429"])("with answers of the kind %s it is no different", async (mode) => {
    const waiting = await atGateway(bench);
    await act(bench, waiting, { dropIpn: true, dropReturn: true });
    await begin(mode);
    await askNow(waiting);
    const payment = await bench.create();
    expect(await click(payment.reference)).toMatchObject(UNAVAILABLE);
    expect((await endOf(bench, waiting)).payment).toBe("PENDING");
    expect((await endOf(bench, payment)).payment).toBe("CREATED");
    await end(mode);
    await openAtLast(bench, payment);
    await askNow(waiting);
    await eventually(async () => expect((await endOf(bench, waiting)).payment).toBe("SUCCEEDED"), LONG);
  });
});

/** How long a busy machine may take for what is a moment's work. */
const LONG = { withinMs: 20_000 };

const askNow = ({ id }: PaymentView) => bench.sql`
  update gateway_attempt set next_inquiry_at = clock_timestamp() where payment_id = ${id}`;

/** An outage asks for a pause as long as itself, which would take real time; so the last kind is a rule of its own. */
async function begin(mode: string): Promise<void> {
  const busy = { status: 429, body: "empty", retryAfterSeconds: 1 };
  const reply = { session: busy, query: busy, validate: busy };
  if (mode === "429") await bench.gateway.call("rules", { name: "busy", reply });
  else await outage(mode, 600_000);
}

async function end(mode: string): Promise<void> {
  if (mode === "429") await bench.gateway.removeRules("busy");
  else await outage(mode, 0);
}
