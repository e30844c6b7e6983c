import { silentLogger } from "@oi/platform/telemetry/logger";
import { beforeEach, expect, it } from "vitest";
import { createAcceptEvents } from "../../application/accept-events.ts";
import { createChangeTarget } from "../../application/change-target.ts";
import { openMemoryStores } from "../../testing/memory-stores.ts";
import { NO_NAMES } from "../../testing/no-names.ts";
import { NO_FILTER, NO_TARGET, nextEventId, register, type Stores } from "../../testing/stores.ts";
import { createAddressPolicy } from "../http/address-policy.ts";
import { createTargetPolicy } from "../http/target-policy.ts";
import { createEventHandler, type EventHandler } from "./event-handler.ts";

let stores: Stores;
let handler: EventHandler;
let wakes = 0;

beforeEach(() => {
  stores = openMemoryStores();
  wakes = 0;
  const { inbox } = stores;
  handler = createEventHandler({
    accept: createAcceptEvents(inbox),
    changeTarget: createChangeTarget({
      inbox,
      policy: createTargetPolicy(createAddressPolicy([]), NO_NAMES),
    }),
    inbox,
    onDeliveries: () => {
      wakes += 1;
    },
    log: silentLogger(),
  });
});

const inbound = (verb: string, payload: object | string, id = nextEventId()) => ({
  id,
  subject: `payments.${verb}`,
  headers: { "ce-id": id },
  payload: typeof payload === "string" ? payload : JSON.stringify(payload),
  deliveries: 1,
});

const payment = (applicationId: number, change: object = {}) => ({
  applicationId: String(applicationId),
  mode: "MODE_LIVE",
  occurredAt: "2026-06-04T10:00:00Z",
  payment: {
    id: "100",
    reference: "pay_1",
    status: "PAYMENT_STATUS_SUCCEEDED",
    applicationId: String(applicationId),
    mode: "MODE_LIVE",
    version: "3",
    ...change,
  },
});

const refund = (applicationId: number, change: object = {}) => ({
  ...payment(applicationId, { version: "5" }),
  refund: {
    id: "7",
    paymentId: "100",
    applicationId: String(applicationId),
    mode: "MODE_LIVE",
    amount: { amountMinor: "2500", currency: "BDT" },
    status: "REFUND_STATUS_SUCCEEDED",
    createdBy: "app:7",
    ...change,
  },
});

const target = (applicationId: number, version: number, webhookUrl?: string) => ({
  applicationId: String(applicationId),
  application: { id: String(applicationId), version: String(version), webhookUrl },
});

const count = async (applicationId: number): Promise<number> =>
  (await stores.log.list({ applicationId, mode: "LIVE" }, NO_FILTER, { limit: 100, after: null })).length;

it("keeps the order of events and changes of the URL inside one batch", async () => {
  const { applicationId: app } = await register(stores, { target: NO_TARGET });
  await handler.handle([
    inbound("payment.succeeded", payment(app)),
    inbound("application.updated", target(app, 2, "https://shop.example/")),
    inbound("payment.succeeded", payment(app)),
    inbound("application.updated", target(app, 3)),
    inbound("payment.succeeded", payment(app)),
  ]);
  expect(await count(app)).toBe(1);
  expect(wakes).toBe(1);
});

it("tells of a refund's outcome with the refund, and the version of its payment", async () => {
  const { applicationId: app } = await register(stores);
  await handler.handle([
    inbound("payment.succeeded", payment(app)),
    inbound("refund.requested", refund(app, { status: "REFUND_STATUS_PENDING" })),
    inbound("refund.approved", refund(app, { status: "REFUND_STATUS_PENDING" })),
    inbound("refund.rejected", refund(app, { status: "REFUND_STATUS_REJECTED" })),
    inbound("refund.succeeded", refund(app)),
    inbound("refund.failed", refund(app, { status: "REFUND_STATUS_FAILED" })),
  ]);
  const scope = { applicationId: app, mode: "LIVE" } as const;
  const all = await stores.log.list(scope, NO_FILTER, { limit: 100, after: null });
  const told = all.toReversed().map(({ body, ...row }) => ({ ...row, ...JSON.parse(body) }));
  expect(told.map(({ type }) => type)).toEqual(["payment.succeeded", "refund.succeeded", "refund.failed"]);
  expect(told[1]).toMatchObject({
    sequence: 5,
    paymentReference: "pay_1",
    data: { id: 7, paymentId: 100, amountMinor: 2_500, currency: "BDT", status: "SUCCEEDED" },
  });
  expect(told[2].data).toMatchObject({ id: 7, status: "FAILED" });
  expect(await stores.poison()).toEqual([]);
});

it("sets aside a refund that is not its payment's", async () => {
  const { applicationId: app } = await register(stores);
  const bad = [
    { ...refund(app), refund: undefined },
    { ...refund(app), payment: undefined },
    refund(app, { paymentId: "101" }),
    refund(app, { applicationId: "999" }),
    refund(app, { mode: "MODE_TEST" }),
  ].map((payload) => inbound("refund.succeeded", payload));
  await handler.handle(bad);
  expect(await count(app)).toBe(0);
  expect(await stores.poison()).toHaveLength(bad.length);
});

it("leaves no trace of subjects that concern nobody", async () => {
  const { applicationId: app } = await register(stores);
  await handler.handle([
    inbound("payment.created", payment(app)),
    inbound("late_receipt.recorded", "garbage"),
  ]);
  expect(await count(app)).toBe(0);
  expect(await stores.poison()).toEqual([]);
});

it("takes what a newer producer adds to an event", async () => {
  const { applicationId: app } = await register(stores);
  const newer = { ...payment(app, { loyaltyPoints: 7 }), region: { code: "BD" } };
  await handler.handle([inbound("payment.succeeded", newer), inbound("payment.disputed", newer)]);
  expect(await count(app)).toBe(1);
  expect(await stores.poison()).toEqual([]);
});

it("sets aside what cannot be understood, or belongs to two applications, and goes on", async () => {
  const { applicationId: app } = await register(stores);
  const bad = [
    "not json",
    "\0",
    {},
    { ...payment(app), mode: undefined },
    { ...payment(app), payment: undefined },
    payment(app, { applicationId: "999" }),
    payment(app, { mode: "MODE_TEST" }),
    payment(app, { version: "0" }),
    payment(app, { amount: { amountMinor: "9007199254740993", currency: "BDT" } }),
  ].map((payload) => inbound("payment.succeeded", payload));
  const nameless = inbound("payment.succeeded", payment(app), "");
  const dotted = inbound("payment.succeeded", payment(app), "evt_1.2");
  const foreign = inbound("application.updated", { ...target(app, 2), applicationId: "999" });
  await handler.handle([...bad, nameless, dotted, foreign, inbound("payment.failed", payment(app))]);
  expect(await count(app)).toBe(1);
  const poison = await stores.poison();
  expect(poison).toHaveLength(bad.length + 3);
  expect(poison).toContainEqual(expect.stringMatching(/^sha256:[0-9a-f]{64}$/));
});

it("parks what failed too often, once", async () => {
  const event = inbound("payment.succeeded", "{}");
  await handler.park(event, new Error("the database refused it"));
  await handler.park(event, new Error("again"));
  expect(await stores.poison()).toEqual([event.id]);
});
