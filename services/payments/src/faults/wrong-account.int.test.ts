import { createLogger } from "@oi/platform/telemetry/logger";
import { eventually } from "@oi/testkit/eventually";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type FaultBench, startFaultBench } from "../testing/fault-bench.ts";
import { endOf } from "../testing/story.ts";

/**
 * Real: the service on PostgreSQL and NATS, HTTP to the simulator as a process. Double: the simulator is a gateway that
 * knows another password, as the live one does when the environments were swapped. Judge: the log and the database.
 */
const WRONG = "canary-of-another-environment";

let bench: FaultBench;
const logged: string[] = [];
beforeAll(async () => {
  const destination = { write: (line: string) => void logged.push(line) };
  bench = await startFaultBench({
    env: { SSLCOMMERZ_TEST_STORE_PASSWORD: WRONG },
    log: createLogger({ service: "payments", level: "info", destination }),
  });
});
afterAll(() => bench?.[Symbol.asyncDispose]());

const lines = () => logged.map((line) => JSON.parse(line) as Record<string, unknown>);

it("an account that the gateway does not let in is called unusable at the start, and the service is up", async () => {
  await eventually(() =>
    expect(lines()).toContainEqual(
      expect.objectContaining({
        level: 50,
        msg: "gateway account cannot be used",
        account: "sslcommerz-test",
        healthy: false,
        note: "refused_at_door",
      }),
    ),
  );
  const payment = await bench.create();
  const answer = await bench.call("CheckoutService/OpenCheckout", { reference: payment.reference });
  expect(answer).toMatchObject({ code: "unavailable", reason: "GATEWAY_UNAVAILABLE" });
  expect(await endOf(bench, payment)).toMatchObject({ payment: "CREATED", reviews: [], charges: 0 });
});

it("nothing of it ends a payment, however long it lasts", async () => {
  const payment = await bench.create();
  // An attempt that was opened before somebody swapped the environments.
  await bench.sql`
    insert into gateway_attempt (payment_id, application_id, mode, no, account, merchant_ref, state, session_key,
      redirect_url, next_inquiry_at, created_at)
    select id, application_id, mode, 1, 'sslcommerz-test', reference || '-1', 'OPEN', 'key', 'http://localhost/',
      clock_timestamp(), clock_timestamp() from payment where id = ${payment.id}`;
  await bench.sql`update payment set status = 'PENDING' where id = ${payment.id}`;
  for (let hours = 0; hours < 48; hours += 12) await bench.pass(12 * 3_600_000);
  expect((await endOf(bench, payment)).payment).toBe("PENDING");
});

it("the log names no password", () => {
  expect(logged.join("")).not.toContain(WRONG);
});
