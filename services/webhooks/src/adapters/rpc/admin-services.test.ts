import { rpc } from "@oi/platform/rpc/errors";
import { Mode } from "@oi/proto/common/v1/mode";
import { DeliverySort } from "@oi/proto/webhooks/v1/deliveries_service";
import { DeliveryStatus } from "@oi/proto/webhooks/v1/delivery";
import { Breaker, EndpointState } from "@oi/proto/webhooks/v1/endpoint";
import { RecoveryScope, RecoveryState } from "@oi/proto/webhooks/v1/recovery";
import { Webhook } from "standardwebhooks";
import { beforeEach, describe, expect, it } from "vitest";
import { NOW, openApi } from "../../testing/memory-api.ts";
import { openMemoryStores } from "../../testing/memory-stores.ts";
import { DELIVERED, deliver, nextEventId, result, WIDE } from "../../testing/stores.ts";

const scope = { applicationId: 7n, mode: Mode.LIVE };
const seven = { applicationId: 7, mode: "LIVE" } as const;

let api: ReturnType<typeof openApi>;
beforeEach(() => {
  api = openApi(openMemoryStores());
});

const create = (change: object = {}) =>
  api.endpoints.createEndpoint({
    ...scope,
    url: "https://more.example/hook",
    idempotencyKey: "k",
    ...change,
  });
const idOf = async (): Promise<bigint> => (await create()).endpoint?.id ?? 0n;
const refused = (reason: string) => expect.objectContaining({ reason });

describe("endpoints", () => {
  it("are created once per key, and the secret can be read again for ten minutes", async () => {
    const first = await create({ eventTypes: ["payment.failed"] });
    expect(first.secret).toMatch(/^whsec_/);
    expect(first.endpoint).toMatchObject({ eventTypes: ["payment.failed"], schemaVersion: 1, cap: 4 });
    expect(await create({ eventTypes: ["payment.failed"] })).toEqual(first);
    await api.stores.pass(700_000);
    const late = await create({ eventTypes: ["payment.failed"] });
    expect([late.endpoint?.id, late.secret]).toEqual([first.endpoint?.id, undefined]);
    await expect(rpc(create({ url: "https://x.example/" }))).rejects.toEqual(
      refused("IDEMPOTENCY_KEY_CONFLICT"),
    );
    await expect(rpc(create({ idempotencyKey: "other" }))).rejects.toEqual(
      refused("RESOURCE_ALREADY_EXISTS"),
    );
  });

  it("refuse what breaks a rule, with the field", async () => {
    for (const [field, change] of [
      ["url", { url: "http://more.example/" }],
      ["url", { url: "https://user@more.example/" }],
      ["url", { url: "https://10.0.0.1/" }],
      ["url", { url: "https://more.example:22/" }],
      ["eventTypes", { eventTypes: ["paymnt.*"] }],
      ["schemaVersion", { schemaVersion: 2 }],
    ] as const) {
      const asked = rpc(create({ idempotencyKey: "", ...change }));
      await expect(asked, field).rejects.toMatchObject({
        reason: "VALIDATION_ERROR",
        fields: { [field]: expect.any(String) },
      });
    }
    for (let i = 0; i < 30; i++) await create({ idempotencyKey: "", url: `https://e${i}.example/` });
    await expect(rpc(create())).rejects.toEqual(refused("INVALID_OPERATION_STATE"));
  });

  it("change by version, pause, resume, disable, enable and go", async () => {
    const id = await idOf();
    const named = { ...scope, id };
    const change = {
      ...named,
      expectedVersion: 1n,
      eventTypes: { values: ["payment.*"] },
      description: "two",
    };
    expect((await api.endpoints.updateEndpoint(change)).endpoint).toMatchObject({
      version: 2n,
      description: "two",
    });
    await expect(rpc(api.endpoints.updateEndpoint(change))).rejects.toEqual(
      refused("INVALID_OPERATION_STATE"),
    );
    expect((await api.endpoints.pauseEndpoint(named)).endpoint?.state).toBe(EndpointState.PAUSED);
    await expect(rpc(api.endpoints.pauseEndpoint(named))).rejects.toEqual(refused("INVALID_OPERATION_STATE"));
    await deliver(api.stores, seven);
    expect(await api.stores.queue.claim(WIDE)).toEqual([]);
    expect((await api.endpoints.resumeEndpoint(named)).endpoint?.state).toBe(EndpointState.ENABLED);
    expect((await api.endpoints.disableEndpoint(named)).endpoint?.disabledReason).toBe("OPERATOR");
    await api.stores.queue.repair(10);
    expect((await api.endpoints.getEndpoint(named)).endpoint).toMatchObject({ pending: 0, parked: 1 });
    const { recoveryId } = await api.endpoints.enableEndpoint(named);
    while ((await api.stores.queue.recover({ batch: 9, pendingLimit: 9 })) === "more");
    const { recovery } = await api.deliveries.getRecovery({ ...scope, id: recoveryId });
    expect(recovery).toMatchObject({
      state: RecoveryState.DONE,
      requeued: 1n,
      scope: RecoveryScope.SUSPENDED,
    });
    expect((await api.endpoints.deleteEndpoint(named)).endpoint?.state).toBe(EndpointState.DELETED);
    await expect(rpc(api.endpoints.getEndpoint(named))).rejects.toEqual(refused("RESOURCE_NOT_FOUND"));
    await api.stores.queue.repair(10);
    const { deliveries } = await api.deliveries.listDeliveries(scope);
    expect(deliveries[0]?.deliveryStatus).toBe(DeliveryStatus.CANCELLED);
  });

  it("rotate and revoke secrets, and never show one again", async () => {
    const id = await idOf();
    const named = { ...scope, id };
    const rotated = await api.endpoints.rotateSecret({ ...named, idempotencyKey: "r" });
    expect(rotated).toMatchObject({ version: 2, secret: expect.stringMatching(/^whsec_/) });
    expect(Number(rotated.previousExpiresAt?.seconds)).toBe(NOW / 1_000 + 86_400);
    expect((await api.endpoints.rotateSecret({ ...named, idempotencyKey: "r" })).secret).toBe(rotated.secret);
    await expect(rpc(api.endpoints.rotateSecret(named))).rejects.toEqual(refused("INVALID_OPERATION_STATE"));
    for (const overlapSeconds of [-1, 7 * 86_400 + 1])
      await expect(rpc(api.endpoints.rotateSecret({ ...named, overlapSeconds }))).rejects.toEqual(
        refused("VALIDATION_ERROR"),
      );
    await api.endpoints.revokeSecret({ ...named, version: 1 });
    await expect(rpc(api.endpoints.revokeSecret({ ...named, version: 2 }))).rejects.toEqual(
      refused("INVALID_OPERATION_STATE"),
    );
    const { secrets } = await api.endpoints.listSecrets(named);
    expect(secrets.map(({ version, revokedAt }) => [version, revokedAt !== undefined])).toEqual([
      [2, false],
      [1, true],
    ]);
    expect(JSON.stringify(secrets, (_, v) => (typeof v === "bigint" ? String(v) : v))).not.toContain(
      "whsec_",
    );
  });
});

describe("deliveries", () => {
  it("are tested, resent, cancelled and recovered on request", async () => {
    const id = await idOf();
    const { deliveryId } = await api.endpoints.sendTestEvent({ ...scope, id });
    const [claim] = await api.stores.queue.claim(WIDE);
    expect(claim?.deliveryId).toBe(Number(deliveryId));
    const endpoint = await api.stores.endpointLog.byId(Number(id), seven);
    if (claim && endpoint) await api.stores.queue.record([result(claim, endpoint, DELIVERED)]);
    const again = await api.deliveries.resendDelivery({ ...scope, id: deliveryId, idempotencyKey: "again" });
    expect(again).toMatchObject({
      breaker: Breaker.CLOSED,
      delivery: { deliveryStatus: DeliveryStatus.PENDING },
    });
    await api.deliveries.cancelDelivery({ ...scope, id: deliveryId });
    const shown = await api.deliveries.getDelivery({ ...scope, id: deliveryId });
    expect(shown.delivery?.deliveryStatus).toBe(DeliveryStatus.CANCELLED);
    expect(shown.headers["webhook-id"]).toBe(shown.delivery?.eventId);
    expect(shown.headers["webhook-signature"]).toBeUndefined();
    const { attempts } = await api.deliveries.listAttempts({ ...scope, deliveryId });
    expect(attempts).toMatchObject([{ number: 1, outcome: "OK", status: 200, kind: "TEST" }]);
    await expect(rpc(api.deliveries.listAttempts(scope))).rejects.toEqual(refused("VALIDATION_ERROR"));
    const since = { seconds: BigInt(NOW / 1_000 - 60), nanos: 0 };
    const asked = { ...scope, endpointId: id, since, scope: RecoveryScope.ALL };
    const { recovery } = await api.deliveries.recoverEndpoint(asked);
    await expect(rpc(api.deliveries.recoverEndpoint(asked))).rejects.toEqual(
      refused("INVALID_OPERATION_STATE"),
    );
    const ended = await api.deliveries.cancelRecovery({ ...scope, id: recovery?.id ?? 0n });
    expect(ended.recovery?.state).toBe(RecoveryState.CANCELLED);
    const old = { ...asked, since: { seconds: BigInt(NOW / 1_000 - 31 * 86_400), nanos: 0 } };
    await expect(rpc(api.deliveries.recoverEndpoint(old))).rejects.toEqual(refused("VALIDATION_ERROR"));
    const stats = await api.deliveries.getEndpointStats({ ...scope, endpointId: id });
    expect(stats).toMatchObject({ attempts: 1n, successRate: 1, byOutcome: { OK: 1n } });
  });

  it("are listed by what is due next, and events by where a reader stopped", async () => {
    await create();
    await deliver(api.stores, seven, {}, {}, {});
    const due = { ...scope, sortBy: DeliverySort.NEXT_ATTEMPT_AT, pageSize: 2 };
    const first = await api.deliveries.listDeliveries(due);
    const second = await api.deliveries.listDeliveries({ ...due, pageToken: first.nextPageToken });
    expect([first.deliveries.length, second.deliveries.length, second.nextPageToken]).toEqual([2, 1, ""]);
    const events = await api.deliveries.listEvents({ ...scope, pageSize: 2 });
    const later = await api.deliveries.listEvents({ ...scope, pageToken: events.nextPageToken });
    expect([events.events.length, later.events.length]).toEqual([2, 1]);
    const nothing = await api.deliveries.listEvents({ ...scope, pageToken: later.nextPageToken });
    expect(nothing).toMatchObject({ events: [], nextPageToken: later.nextPageToken });
    const forged = { ...scope, pageToken: Buffer.from("events:x").toString("base64url") };
    await expect(rpc(api.deliveries.listEvents(forged))).rejects.toEqual(refused("VALIDATION_ERROR"));
  });

  it("have a doctor who knows old, revoked and other endpoints' secrets", async () => {
    const { endpoint, secret = "" } = await create();
    const endpointId = endpoint?.id ?? 0n;
    const body = '{"a":1}';
    const headers = {
      "webhook-id": "evt_1",
      "webhook-timestamp": String(NOW / 1_000),
      "webhook-signature": new Webhook(secret).sign("evt_1", new Date(NOW), body),
    };
    const ask = { ...scope, endpointId, headers, rawBody: Buffer.from(body) };
    expect(await api.deliveries.diagnoseSignature(ask)).toMatchObject({ isValid: true });
    await api.endpoints.rotateSecret({ ...scope, id: endpointId, overlapSeconds: 0 });
    await api.endpoints.revokeSecret({ ...scope, id: endpointId, version: 1 });
    const revoked = await api.deliveries.diagnoseSignature(ask);
    expect(revoked).toMatchObject({ isValid: false, cause: "SECRET_OF_OTHER" });
    expect(revoked.message).toContain("secret 1 of this endpoint, revoked");
    const other = await create({ url: "https://third.example/", idempotencyKey: "" });
    const elsewhere = { ...ask, endpointId: other.endpoint?.id ?? 0n };
    expect((await api.deliveries.diagnoseSignature(elsewhere)).message).toContain(
      `endpoint ${endpointId} (LIVE)`,
    );
  });
});

it("tries parked events again, and says why one stays", async () => {
  await create();
  const payment = { id: "1", reference: "pay_1", applicationId: "7", mode: "MODE_LIVE", version: "3" };
  const event = { applicationId: "7", mode: "MODE_LIVE", occurredAt: "2026-06-04T10:00:00Z", payment };
  const arrive = async (payload: string): Promise<string> => {
    const id = nextEventId();
    const inbound = {
      id,
      subject: "payments.payment.failed",
      headers: { "ce-id": id },
      payload,
      deliveries: 10,
    };
    await api.handler.park(inbound, new Error("the database refused it"));
    return id;
  };
  const good = await arrive(JSON.stringify(event));
  const bad = await arrive("no json");
  const { events } = await api.deliveries.listParkedEvents({});
  expect(events.map(({ eventId, reason }) => [eventId, reason])).toEqual([
    [good, "FAILED_TOO_OFTEN"],
    [bad, "FAILED_TOO_OFTEN"],
  ]);
  expect(await api.deliveries.retryParkedEvent({ eventId: good })).toMatchObject({ isApplied: true });
  expect(await api.deliveries.retryParkedEvent({ eventId: bad })).toMatchObject({ isApplied: false });
  expect((await api.deliveries.listDeliveries(scope)).deliveries).toHaveLength(1);
  expect((await api.deliveries.listParkedEvents({})).events.map(({ eventId }) => eventId)).toEqual([bad]);
  expect((await api.deliveries.listParkedEvents({ includeResolved: true })).events).toHaveLength(2);
  await expect(rpc(api.deliveries.retryParkedEvent({ eventId: "evt_x" }))).rejects.toEqual(
    refused("RESOURCE_NOT_FOUND"),
  );
});
