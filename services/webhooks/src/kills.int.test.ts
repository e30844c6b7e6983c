import { eventually } from "@oi/testkit/eventually";
import { Webhook } from "standardwebhooks";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type KillWorld, openKillWorld, type Shop } from "./testing/kill-world.ts";
import { answer, openSink, type Play, type Received } from "./testing/sink.ts";
import { onceAt } from "./testing/stores.ts";

/**
 * Real: the service as a process that is killed with SIGKILL at a chosen place, PostgreSQL, NATS, HTTP. Double: the
 * payments service's outbox. Judges: the sink's journal, standardwebhooks, and the invariants. `KILL_RUNS=50` kills so
 * often at each place, at changing turns, and prints the sums; without it some of them are tried once.
 */
const RUNS = Number(process.env.KILL_RUNS ?? 1);
const EVENTS = 24;
/** How many of the first requests the endpoint refuses where a failure is to be recorded. */
const REFUSALS = 3;

let world: KillWorld;
beforeAll(async () => {
  world = await openKillWorld();
});
afterAll(() => world[Symbol.asyncDispose]());

type Point = {
  readonly name: string;
  /** In a run of its own the service dies at this turn, later at any up to it. */
  readonly turn: number;
  readonly play?: Play;
};

const POINTS: readonly Point[] = [
  { name: "fanout.before_commit", turn: 1 },
  { name: "fanout.committed_no_ack", turn: 1 },
  { name: "dispatch.claimed", turn: 2 },
  { name: "dispatch.bytes_sent", turn: 7 },
  { name: "dispatch.ok_not_recorded", turn: 2 },
  {
    name: "dispatch.failure_recorded",
    turn: 1,
    play: (response, request, n) => answer(n <= REFUSALS ? 500 : 200)(response, request, n),
  },
  { name: "secret.rotated_mid_load", turn: 2 },
];

const SAMPLE = ["fanout.committed_no_ack", "dispatch.bytes_sent", "secret.rotated_mid_load"];
const tried = POINTS.filter(({ name }) => RUNS > 1 || SAMPLE.includes(name));

const isGenuine = ({ headers, body }: Received, secrets: readonly string[]): boolean =>
  secrets.some((secret) => {
    try {
      return new Webhook(secret).verify(body, headers as Record<string, string>) !== null;
    } catch {
      return false;
    }
  });

/** Every event came, every copy is genuine, and the copies of one event are the same bytes. */
function judge(received: readonly Received[], ids: readonly string[], secrets: readonly string[]): void {
  const copies = new Map<string, Set<string>>();
  for (const got of received) {
    expect(isGenuine(got, secrets)).toBe(true);
    const id = String(got.headers["webhook-id"]);
    copies.set(id, (copies.get(id) ?? new Set()).add(got.body));
  }
  expect([...copies.keys()].sort()).toEqual([...ids].sort());
  for (const bodies of copies.values()) expect(bodies.size).toBe(1);
}

type Death = {
  readonly ids: readonly string[];
  readonly inHands: { readonly count: number; readonly at: string };
};

/** Starts the service, lets it die, by hand when it never comes to that place; returns what was in its hands. */
async function die(shop: Shop, failpoint: string): Promise<Death> {
  await using doomed = await world.start({ FAILPOINT: failpoint });
  const ids = world.publish(shop, EVENTS);
  const isDone = eventually(async () => expect(await world.states(shop)).toEqual({ DELIVERED: EVENTS }), {
    withinMs: 30_000,
  });
  isDone.catch(() => undefined);
  await Promise.race([doomed.ended(), isDone]);
  doomed.kill("SIGKILL");
  expect(await doomed.ended()).toBe("SIGKILL");
  return { ids, inHands: await world.inHands(shop) };
}

const sums = { kills: 0, events: 0, received: 0, copies: 0, inFlight: 0, worstRestartMs: 0 };

/** A long run is watched by a person. */
function say(text: string): void {
  if (RUNS > 1) process.stdout.write(`${text}\n`);
}

async function killAndJudge({ name, turn, play = answer(200) }: Point): Promise<void> {
  await using sink = await openSink(play);
  const shop = await world.register(sink);
  const { ids, inHands } = await die(shop, `${name}:${turn}`);
  const before = sink.received.length;
  const secrets = [shop.secret];
  if (name.startsWith("secret")) {
    const rotated = await world.useCases.secrets.rotate(onceAt(shop.endpoint), shop.endpoint.id, 0);
    secrets.push(rotated.secret ?? "");
  }
  const begun = performance.now();
  await using _ = await world.start();
  await eventually(async () => expect(await world.states(shop)).toEqual({ DELIVERED: EVENTS }), {
    withinMs: 60_000,
  });
  judge(sink.received, ids, secrets);
  // What was claimed after a rotation without an overlap is signed by the new secret alone.
  if (secrets.length > 1)
    for (const got of sink.received.slice(before)) expect(isGenuine(got, secrets.slice(1))).toBe(true);
  // A slow machine runs into deadlines too; what those repeat is not the kill's.
  const copies = Math.max(0, sink.received.length - EVENTS - (await world.failures(shop, inHands.at)));
  expect(copies).toBeLessThanOrEqual(inHands.count);
  sums.kills += 1;
  sums.events += EVENTS;
  sums.received += sink.received.length;
  sums.copies += copies;
  sums.inFlight += inHands.count;
  sums.worstRestartMs = Math.max(sums.worstRestartMs, performance.now() - begun);
}

describe("a service that is killed", () => {
  for (const point of tried) {
    it(
      `at ${point.name} loses nothing, and doubles no more than was in flight`,
      async () => {
        await killAndJudge(point);
        for (let run = 1; run < RUNS; run++) await killAndJudge({ ...point, turn: 1 + (run % point.turn) });
        say(`after ${point.name} ${JSON.stringify(sums)}`);
      },
      RUNS * 100_000,
    );
  }
});

async function killInRecovery(tag: string): Promise<void> {
  const ROWS = 700;
  const { admin } = world;
  await using sink = await openSink();
  const shop = await world.register(sink);
  await admin`
    insert into event (id, application_id, mode, type, aggregate, sequence, occurred_at, snapshot)
    select ${tag} || i, ${shop.applicationId}, 'TEST', 'payment.failed', 'p' || i, 1, now(), '{}'
    from generate_series(1, ${ROWS}::int) i`;
  const like = `${tag}%`;
  await admin`
    insert into inbox (event_id, subject, xid)
    select id, 'payments.payment.failed', xid from event where id like ${like}`;
  await admin`
    insert into event_body select id, 1, 'FULL', '{}', sha256('{}') from event where id like ${like}`;
  const now = Date.now();
  const job = await world.useCases.deliveries.recover(onceAt(shop.endpoint), {
    endpointId: shop.endpoint.id,
    scope: "MISSING",
    since: now - 3_600_000,
    until: now + 3_600_000,
    eventTypes: [],
  });
  const recovery = () => admin`select requeued, state from recovery where id = ${job.id}`;
  await using doomed = await world.start({ FAILPOINT: "recovery.mid_batch:1" });
  expect(await doomed.ended()).toBe("SIGKILL");
  const inHands = await world.inHands(shop);
  expect(await recovery()).toEqual([{ requeued: "500", state: "RUNNING" }]);
  await using _ = await world.start();
  await eventually(async () => expect(await world.states(shop)).toEqual({ DELIVERED: ROWS }), {
    withinMs: 60_000,
  });
  expect(await recovery()).toEqual([{ requeued: String(ROWS), state: "DONE" }]);
  expect(new Set(sink.received.map(({ headers }) => headers["webhook-id"])).size).toBe(ROWS);
  const copies = sink.received.length - ROWS - (await world.failures(shop, inHands.at));
  expect(copies).toBeLessThanOrEqual(inHands.count);
  sums.kills += 1;
}

it(
  "neither skips nor repeats when it is killed in the middle of a recovery",
  async () => {
    for (let run = 0; run < RUNS; run++) await killInRecovery(`r${run}x`);
  },
  RUNS * 100_000,
);

it("leaves databases behind in which every invariant holds", async () => {
  const printed = await world.invariants();
  expect(printed).not.toMatch(/^FAIL/m);
  expect(printed.trimEnd()).toMatch(/\n\d+ passed, 0 failed$/);
  say(`${JSON.stringify(sums)}\n${printed}`);
}, 60_000);
