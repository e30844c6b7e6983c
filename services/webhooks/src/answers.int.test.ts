import { createLogger } from "@oi/platform/telemetry/logger";
import { DeliveryStatus } from "@oi/proto/webhooks/v1/delivery";
import { eventually } from "@oi/testkit/eventually";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { paymentEvent } from "./testing/running-app.ts";
import { openServiceWorld, type ServiceWorld, verify } from "./testing/service-world.ts";
import { answer, openSink, type Play } from "./testing/sink.ts";

// Real: PostgreSQL, NATS, the service, HTTP, its log. Double: the payments service's outbox. Oracles: the sinks' journals and
// the rows as the database's clock saw them.

let world: ServiceWorld;
const logged: string[] = [];

beforeAll(async () => {
  const destination = { write: (line: string) => void logged.push(line) };
  world = await openServiceWorld({}, createLogger({ service: "webhooks", level: "trace", destination }));
});
afterAll(() => world[Symbol.asyncDispose]());

const HOUR = 3_600;

/** Seconds from the end of the first attempt to the moment when the next one is due. */
async function waitAfter(play: Play): Promise<{ readonly wait: number; readonly asked: number | null }> {
  await using sink = await openSink(play);
  const shop = await world.register(sink.url);
  world.producer.publish(paymentEvent(shop.applicationId));
  return await eventually(async () => {
    const [row] = await world.admin<{ wait: number; asked: number | null }[]>`
      select extract(epoch from coalesce(next.claimed_at, d.next_at) - a.ended_at)::float as wait, a.retry_after_s as asked
      from attempt a join delivery d on d.id = a.delivery_id
      left join attempt next on next.delivery_id = a.delivery_id and next.n = 2
      where a.application_id = ${shop.applicationId} and a.n = 1 and a.outcome is not null and d.state <> 'LEASED'`;
    return row ?? expect.fail("nothing was recorded");
  });
}

/** The first answer refuses and says when to come again. */
const comeBack =
  (retryAfter: string, status = 429): Play =>
  (response, request, n) =>
    answer(n === 1 ? status : 200, n === 1 ? { "retry-after": retryAfter } : {})(response, request, n);

it("heeds Retry-After in seconds and as a date, on 429, 503 or any failure, and never shortens a wait", async () => {
  const seconds = await waitAfter(comeBack("90"));
  expect(seconds.asked).toBe(90);
  expect(seconds.wait).toBeGreaterThanOrEqual(90);
  expect((await waitAfter(comeBack("45", 503))).wait).toBeGreaterThanOrEqual(45);
  expect((await waitAfter(comeBack("30", 500))).wait).toBeGreaterThanOrEqual(30);
  const date = await waitAfter(comeBack(new Date(Date.now() + 120_000).toUTCString()));
  expect(date.wait).toBeGreaterThan(60);
  expect(date.wait).toBeLessThan(180);
});

it("bounds a Retry-After of ten years by a day, and takes garbage and dates that have passed for nothing", async () => {
  const years = await waitAfter(comeBack(String(10 * 365 * 24 * HOUR)));
  expect(years.wait).toBeGreaterThanOrEqual(24 * HOUR);
  expect(years.wait).toBeLessThan(24 * HOUR + 60);
  const past = new Date(Date.now() - 60_000).toUTCString();
  for (const text of ["soon", "-5", "1e9", past]) {
    const { wait, asked } = await waitAfter(comeBack(text));
    expect([asked, wait < 20], text).toEqual([null, true]);
  }
});

it("disables an endpoint that is gone, says so on its stream, and sends what waited once it is enabled", async () => {
  let isGone = true;
  await using sink = await openSink((response, request, n) =>
    answer(isGone ? 410 : 200)(response, request, n),
  );
  const shop = await world.register(sink.url);
  world.producer.publish(paymentEvent(shop.applicationId));
  await eventually(async () => expect(await shop.endpoint()).toMatchObject({ disabledReason: "GONE_410" }));
  world.producer.publish(paymentEvent(shop.applicationId));
  await eventually(async () =>
    expect((await shop.list()).map(({ deliveryStatus }) => deliveryStatus)).toEqual([
      DeliveryStatus.SUSPENDED,
      DeliveryStatus.SUSPENDED,
    ]),
  );
  expect(sink.received).toHaveLength(1);
  const endpoint = await shop.endpoint();
  await eventually(async () =>
    expect(
      await world.admin`
        select payload::jsonb->>'reason' as reason, published_at is not null as is_published from outbox
        where subject = 'webhooks.endpoint.disabled' and payload::jsonb->>'endpointId' = ${String(endpoint?.id)}`,
    ).toEqual([{ reason: "GONE_410", is_published: true }]),
  );
  isGone = false;
  await shop.endpoints.enableEndpoint({ ...shop.scope, id: endpoint?.id ?? 0n });
  await eventually(async () =>
    expect(
      (await shop.list()).every(({ deliveryStatus }) => deliveryStatus === DeliveryStatus.DELIVERED),
    ).toBe(true),
  );
  expect(new Set(sink.received.map(({ headers }) => headers["webhook-id"])).size).toBe(2);
});

it("fails for a redirect to the cloud's metadata, by schedule, and connects to nobody else", async () => {
  const location = "http://169.254.169.254/latest/meta-data/";
  await using sink = await openSink((response, request, n) =>
    answer(n < 3 ? 307 : 200, { location })(response, request, n),
  );
  const shop = await world.register(sink.url);
  world.producer.publish(paymentEvent(shop.applicationId));
  await eventually(async () =>
    expect(await shop.list()).toMatchObject([{ deliveryStatus: DeliveryStatus.DELIVERED, attempts: 3 }]),
  );
  const { attempts } = await shop.deliveries.listAttempts({
    ...shop.scope,
    deliveryId: (await shop.list())[0]?.id ?? 0n,
  });
  expect(attempts.map(({ error, remoteAddress }) => [error, remoteAddress])).toEqual([
    [undefined, "127.0.0.1"],
    ["REDIRECT_REFUSED", "127.0.0.1"],
    ["REDIRECT_REFUSED", "127.0.0.1"],
  ]);
});

it.each([-2, 2])("sends by the database's time while its own clock is wrong by %i hours", async (hours) => {
  const right = Date.now.bind(Date);
  const wrong = vi.spyOn(Date, "now").mockImplementation(() => right() + hours * 3_600_000);
  await using back = new AsyncDisposableStack();
  back.defer(() => wrong.mockRestore());
  await using sink = await openSink(comeBack("2"));
  const shop = await world.register(sink.url);
  world.producer.publish(paymentEvent(shop.applicationId));
  await eventually(() => expect(sink.received).toHaveLength(2), { withinMs: 15_000 });
  for (const received of sink.received) {
    expect(Math.abs(Number(received.headers["webhook-timestamp"]) - right() / 1_000)).toBeLessThan(60);
    // The independent library refuses what is more than five minutes off.
    wrong.mockImplementation(right);
    expect(verify(shop.secret, received)).toBeTruthy();
  }
  const [row] = await world.admin<{ wait: number }[]>`
    select extract(epoch from b.claimed_at - a.ended_at)::float as wait from attempt a
    join attempt b on b.delivery_id = a.delivery_id and b.n = 2
    where a.application_id = ${shop.applicationId} and a.n = 1`;
  expect(row?.wait).toBeGreaterThanOrEqual(2);
});

it("writes neither a secret, nor a body, nor a URL's path or query into its log", async () => {
  await using sink = await openSink();
  const shop = await world.register(`${sink.url}/path-of-a-token?key=query-of-a-token`);
  const id = (await shop.endpoint())?.id ?? 0n;
  const rotated = await shop.endpoints.rotateSecret({ ...shop.scope, id });
  const url = `${sink.url}?further-token`;
  const further = await shop.endpoints.createEndpoint({ ...shop.scope, url });
  const secrets = [shop.secret, rotated.secret ?? "", further.secret ?? ""];
  await shop.endpoints.revokeSecret({ ...shop.scope, id, version: 1 });
  world.producer.publish(paymentEvent(shop.applicationId));
  await eventually(() => expect(sink.received).toHaveLength(2));
  await eventually(() =>
    expect(logged.filter((line) => line.includes('"attempt"')).length).toBeGreaterThan(1),
  );
  const told = logged.join("");
  expect(secrets.every((secret) => /^whsec_.{44}$/.test(secret))).toBe(true);
  const hidden = ["whsec_", "path-of-a-token", "query-of-a-token", "further-token", '"customerReference"'];
  for (const text of [...secrets.map((secret) => secret.slice(6)), ...hidden])
    expect(told.includes(text), text).toBe(false);
});
