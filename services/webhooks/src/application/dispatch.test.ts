import { beforeEach, expect, it } from "vitest";
import { classifyStatus } from "../domain/classify.ts";
import type { Endpoint } from "../domain/endpoint.ts";
import { openMemoryStores } from "../testing/memory-stores.ts";
import { deliver, nextEventId, register, type Stores, WIDE } from "../testing/stores.ts";
import { createAttemptDelivery, type Rules } from "./attempt-delivery.ts";
import { createDispatcher } from "./dispatcher.ts";
import type { DeliveryQueue, WebhookSender } from "./ports.ts";
import { createReapDeliveries } from "./reap-deliveries.ts";
import { createResultRecorder } from "./result-recorder.ts";

type Sent = Parameters<WebhookSender["send"]>[0];

const rules: Rules = { chance: () => 0, nextEventId, timeScale: 1 };
const idle = {
  retryAfter: null,
  ttfbMs: 1,
  totalMs: 2,
  dnsMs: 0,
  remoteAddress: "192.0.2.1",
  responseHead: "card 4111 1111 1111 1111",
};

let stores: Stores;
let endpoint: Endpoint;
let sent: Sent[];
let elapsedMs = 0;

beforeEach(async () => {
  stores = openMemoryStores();
  endpoint = await register(stores);
  sent = [];
  elapsedMs = 50_000;
});

function build(statuses: readonly number[], queue: DeliveryQueue = stores.queue) {
  const recorder = createResultRecorder({ queue, onAdded: () => undefined });
  const stopwatch = { elapsedMs: () => elapsedMs };
  const sender: WebhookSender = {
    send: async (request) => {
      sent.push(request);
      const status = statuses[Math.min(sent.length, statuses.length) - 1] ?? 200;
      return { ...idle, status, finding: classifyStatus(status) };
    },
  };
  const attempt = createAttemptDelivery({
    ...rules,
    sender,
    stopwatch,
    secretBox: { kekId: "k1", seal: () => expect.fail("nothing is sealed here"), open: () => "whsec_x" },
    signer: {
      newSecret: () => "",
      sign: ({ timestampSeconds }) => ({ signature: `v1,${timestampSeconds}`, bodySha256: "00" }),
    },
  });
  const dispatcher = createDispatcher({ queue, recorder, attempt, stopwatch, limits: WIDE });
  const turn = async (): Promise<void> => {
    await dispatcher.turn();
    await dispatcher.settled();
    while ((await recorder.flush()) === "more");
  };
  return { recorder, dispatcher, turn };
}

const status = async (id: number) => (await stores.log.byId(id, endpoint))?.status;

it("sends what is due, signed with the store's time, and records it", async () => {
  const [id = 0] = await deliver(stores, endpoint);
  await build([200]).turn();
  expect(await status(id)).toBe("DELIVERED");
  expect(sent[0]).toMatchObject({
    url: endpoint.url,
    headers: { "webhook-timestamp": "1780567200", "webhook-signature": "v1,1780567200" },
  });
});

it("walks through the whole schedule with the same id and bytes, and then parks", async () => {
  const [id = 0] = await deliver(stores, endpoint);
  const { turn } = build([500]);
  const waits: number[] = [];
  while ((await status(id)) === "PENDING") {
    const due = (await stores.log.byId(id, endpoint))?.nextAttemptAt ?? 0;
    const before = sent.length;
    await turn();
    if (sent.length === before) break;
    const next = (await stores.log.byId(id, endpoint))?.nextAttemptAt;
    if (next) {
      waits.push((next - due) / 1_000);
      await stores.pass(next - due);
    }
  }
  expect(waits).toEqual([5, 30, 120, 600, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400]);
  expect(await status(id)).toBe("PARKED");
  expect(await stores.told()).toEqual([id]);
  expect(sent).toHaveLength(12);
  expect(new Set(sent.map(({ body }) => new TextDecoder().decode(body))).size).toBe(1);
  expect(new Set(sent.map(({ headers }) => headers["webhook-id"])).size).toBe(1);
});

it("gives claims back that cannot be loaded, at no cost", async () => {
  const [id = 0] = await deliver(stores, endpoint);
  let isBroken = true;
  const queue: DeliveryQueue = {
    ...stores.queue,
    load: (claims) => (isBroken ? Promise.reject(new Error("away")) : stores.queue.load(claims)),
  };
  const { dispatcher, recorder, turn } = build([200], queue);
  await expect(dispatcher.turn()).rejects.toThrow("away");
  await recorder.flush();
  isBroken = false;
  await turn();
  expect(await status(id)).toBe("DELIVERED");
  expect(await stores.outcomes(id)).toEqual(["LOCAL", "OK"]);
});

it("keeps results that cannot be written, and their slots, until they are", async () => {
  const [id = 0] = await deliver(stores, endpoint);
  let isBroken = true;
  const queue: DeliveryQueue = {
    ...stores.queue,
    record: (results) => (isBroken ? Promise.reject(new Error("away")) : stores.queue.record(results)),
  };
  const { dispatcher, recorder } = build([200], queue);
  await dispatcher.turn();
  await dispatcher.settled();
  await expect(recorder.flush()).rejects.toThrow("away");
  expect(recorder.pending).toBe(1);
  isBroken = false;
  expect(await recorder.flush()).toBe("idle");
  expect(await status(id)).toBe("DELIVERED");
});

it("charges nothing when a secret does not open", async () => {
  const [id = 0] = await deliver(stores, endpoint);
  const recorder = createResultRecorder({ queue: stores.queue, onAdded: () => undefined });
  const stopwatch = { elapsedMs: () => elapsedMs };
  const attempt = createAttemptDelivery({
    ...rules,
    stopwatch,
    sender: { send: () => expect.fail("nothing may be sent") },
    secretBox: { kekId: "k1", seal: () => expect.fail("unused"), open: () => expect.fail("wrong key") },
    signer: { newSecret: () => "", sign: () => expect.fail("nothing is signed") },
  });
  const dispatcher = createDispatcher({ queue: stores.queue, recorder, attempt, stopwatch, limits: WIDE });
  await dispatcher.turn();
  await dispatcher.settled();
  await recorder.flush();
  expect(await status(id)).toBe("PENDING");
  expect(await stores.outcomes(id)).toEqual(["LOCAL"]);
});

it("sends nothing unsigned, and charges nothing for it", async () => {
  const [id = 0] = await deliver(stores, endpoint);
  const queue: DeliveryQueue = {
    ...stores.queue,
    load: async (claims) => (await stores.queue.load(claims)).map((job) => ({ ...job, secrets: [] })),
  };
  await build([200], queue).turn();
  expect(sent).toEqual([]);
  expect(await status(id)).toBe("PENDING");
  expect(await stores.outcomes(id)).toEqual(["LOCAL"]);
});

it("takes back what a dead worker held, as one try, and parks what is too old", async () => {
  const [id = 0] = await deliver(stores, endpoint);
  await stores.queue.claim(WIDE);
  const reap = createReapDeliveries({ queue: stores.queue, rules });
  await reap();
  expect(await stores.outcomes(id)).toEqual([null]);
  await stores.pass(46_000);
  await reap();
  expect(await stores.outcomes(id)).toEqual(["UNKNOWN"]);
  expect(await stores.log.byId(id, endpoint)).toMatchObject({ status: "PENDING", lastError: "LEASE_LOST" });
  await stores.pass(120 * 3_600_000);
  await reap();
  expect(await status(id)).toBe("PARKED");
  expect(await stores.told()).toEqual([id]);
});
