import { eventually } from "@oi/testkit/eventually";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { openPostgresStores, type PostgresStores } from "../../testing/postgres-stores.ts";
import {
  DELIVERED,
  deliver,
  NO_TARGET,
  nextEventId,
  onceAt,
  register,
  result,
  target,
  WIDE,
} from "../../testing/stores.ts";
import { keepHouse } from "./repair-deliveries.ts";

let given: PostgresStores;
beforeAll(async () => {
  given = await openPostgresStores();
});
afterAll(() => given[Symbol.asyncDispose]());
beforeEach(async () => {
  await given.admin`truncate recovery, delivery, attempt, event, event_body, inbox, idempotency`;
});

const HOUR = 3_600_000;

async function counts() {
  const [row] = await given.admin`
    select (select count(*)::int from delivery) as deliveries, (select count(*)::int from event) as events,
      (select count(*)::int from event_body) as bodies, (select count(*)::int from inbox) as inbox,
      (select count(*)::int from attempt) as attempts, (select count(*)::int from idempotency) as keys`;
  return row;
}

it("forgets what ended a month ago with its event, and nothing that waits or ended later", async () => {
  const { stores, database, admin } = given;
  const endpoint = await register(stores);
  const ids = await deliver(stores, endpoint, {}, {}, {}, {}, {});
  const [old = 0, recent = 0, waiting = 0, parked = 0, alone = 0] = ids;
  await admin`update delivery set state = 'DELIVERED', done_at = now() - interval '31 days' where id = ${old}`;
  await admin`update delivery set state = 'DELIVERED', done_at = now() - interval '29 days' where id = ${recent}`;
  await admin`update delivery set state = 'PARKED', done_at = now() - interval '31 days' where id = ${parked}`;
  await admin`update delivery set state = 'CANCELLED', done_at = now() - interval '31 days' where id = ${alone}`;
  await admin`update delivery set created_at = now() - interval '40 days'`;
  await admin`update event set received_at = now() - interval '40 days'`;
  await admin`update inbox set received_at = now() - interval '40 days'`;
  await keepHouse(database);
  const rest = await admin<{ id: string }[]>`select id from delivery order by id`;
  expect(rest.map(({ id }) => Number(id))).toEqual([recent, waiting]);
  expect(await counts()).toMatchObject({ deliveries: 2, events: 2, bodies: 2, inbox: 2 });
});

it("keeps an event that no endpoint took a while longer, and then sends it to nobody any more", async () => {
  const { stores, database, admin } = given;
  const { applicationId } = await register(stores, { target: NO_TARGET });
  await deliver(stores, { applicationId, mode: "LIVE" }, {}, {}, {});
  const age = (days: number, at: number) => admin`
    update event set received_at = now() - ${`${days} days`}::interval
    where id = (select id from event order by id offset ${at} limit 1)`;
  await age(29, 0);
  await age(31, 1);
  await age(37, 2);
  await admin`update inbox i set received_at = v.received_at from event v where v.id = i.event_id`;
  await keepHouse(database);
  expect(await counts()).toMatchObject({ events: 2, bodies: 2, inbox: 2 });
  const change = {
    eventId: nextEventId(),
    subject: "s",
    applicationId,
    version: 2,
    target: target("late.example"),
  };
  await stores.inbox.commitTarget(change);
  const endpoint = (await stores.endpoints.defaults(applicationId)).find(({ mode }) => mode === "LIVE");
  if (!endpoint) throw new Error("there is no default endpoint");
  const whole = { scope: "MISSING", since: null, until: null, eventTypes: [] } as const;
  await stores.desk.once(onceAt(endpoint), (desk) =>
    desk.startRecovery({ endpointId: endpoint.id, ...whole }),
  );
  // Any transaction on the server may hide events for a while.
  await eventually(async () => {
    while ((await stores.queue.recover({ batch: 10, pendingLimit: 1_000 })) === "more");
    expect(await admin`select state from recovery`).toEqual([{ state: "DONE" }]);
  });
  // What is older than a delivery is kept may have been delivered and forgotten: nobody would know.
  expect(await counts()).toMatchObject({ deliveries: 1 });
});

it("drops the attempts' days after a month, also of rows that had no day of their own", async () => {
  const { stores, database, admin } = given;
  const endpoint = await register(stores);
  await deliver(stores, endpoint);
  const [claim] = await stores.queue.claim(WIDE);
  if (!claim) throw new Error("nothing was due");
  await stores.queue.record([result(claim, endpoint, DELIVERED)]);
  await admin`
    create table attempt_20200101 partition of attempt for values from ('2020-01-01Z') to ('2020-01-02Z')`;
  await admin`
    insert into attempt (delivery_id, n, claimed_at, round, endpoint_id, application_id, mode, host_key, kind, token, worker, cap_seen)
    select delivery_id, n, at, round, endpoint_id, application_id, mode, host_key, kind, token, worker, cap_seen
    from attempt cross join unnest(array['2020-01-01T12:00Z', '2020-06-01Z']::timestamptz[]) as at`;
  await keepHouse(database);
  expect(await counts()).toMatchObject({ attempts: 1 });
  expect(await admin`select to_regclass('attempt_20200101')::text as part`).toEqual([{ part: null }]);
});

it("forgets the answers of keys after three days", async () => {
  const { stores, database } = given;
  const endpoint = await register(stores);
  const ask = (once: ReturnType<typeof onceAt>) => stores.desk.once(once, async () => "answer");
  await ask(onceAt(endpoint));
  await stores.pass(73 * HOUR);
  await ask(onceAt(endpoint));
  await keepHouse(database);
  expect(await counts()).toMatchObject({ keys: 1 });
});

it("ends no recovery while an older transaction hides events that were there before it", async () => {
  const { stores, admin } = given;
  const endpoint = await register(stores);
  const hold = await admin.reserve();
  await hold`begin`;
  await hold`select pg_current_xact_id()`;
  await deliver(stores, endpoint, {}, {});
  await admin`truncate delivery`;
  const job = await stores.desk.once(onceAt(endpoint), (desk) =>
    desk.startRecovery({
      endpointId: endpoint.id,
      scope: "MISSING",
      since: null,
      until: null,
      eventTypes: [],
    }),
  );
  const state = async () => {
    await stores.queue.recover({ batch: 10, pendingLimit: 1_000 });
    return stores.endpointLog.recovery(job.value.id, endpoint);
  };
  expect(await state()).toMatchObject({ state: "RUNNING", requeued: 0 });
  await hold`commit`;
  hold.release();
  while ((await state())?.state === "RUNNING");
  expect(await state()).toMatchObject({ state: "DONE", requeued: 2 });
});
