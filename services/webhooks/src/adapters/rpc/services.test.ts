import { toJson } from "@bufbuild/protobuf";
import { rpc } from "@oi/platform/rpc/errors";
import { Mode } from "@oi/proto/common/v1/mode";
import { DeliverySchema, DeliveryStatus } from "@oi/proto/webhooks/v1/delivery";
import { EndpointState } from "@oi/proto/webhooks/v1/endpoint";
import { beforeEach, expect, it } from "vitest";
import { openApi } from "../../testing/memory-api.ts";
import { openMemoryStores } from "../../testing/memory-stores.ts";
import { DELIVERED, deliver, failed, nextEventId, result, WIDE } from "../../testing/stores.ts";

let api: ReturnType<typeof openApi>;
beforeEach(() => {
  api = openApi(openMemoryStores());
});

const ensure = (url?: string, applicationVersion = 1n) =>
  api.endpoints.ensureDefaultEndpoints({ applicationId: 7n, applicationVersion, ...(url ? { url } : {}) });
const seven = { applicationId: 7, mode: "LIVE" } as const;
const scope = { applicationId: 7n, mode: Mode.LIVE };

it("shows the common secret once, however many calls race", async () => {
  const answers = await Promise.all([1, 2, 3, 4].map(() => ensure("https://shop.example/hook")));
  const secrets = answers.flatMap(({ secret }) => (secret === undefined ? [] : [secret]));
  expect(secrets).toHaveLength(1);
  expect(secrets[0]).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
  for (const { endpoints } of answers) {
    expect(endpoints).toMatchObject([
      { mode: Mode.TEST, url: "https://shop.example/hook", isDefault: true, state: EndpointState.ENABLED },
      { mode: Mode.LIVE, url: "https://shop.example/hook", eventTypes: ["*"], schemaVersion: 1 },
    ]);
  }
});

it("seals the secret for each endpoint on its own", async () => {
  const { secret, endpoints } = await ensure("https://shop.example/hook");
  await deliver(api.stores, seven);
  const [job] = await api.stores.queue.load(await api.stores.queue.claim(WIDE));
  const [sealed] = job?.secrets ?? [];
  if (!sealed) throw new Error("the endpoint has no secret");
  const endpointId = Number(endpoints[1]?.id);
  expect(api.secretBox.open(sealed, { endpointId, version: 1, algorithm: "v1" })).toBe(secret);
  expect(() =>
    api.secretBox.open(sealed, { endpointId: endpointId - 1, version: 1, algorithm: "v1" }),
  ).toThrow();
});

it("takes no URL, and disables for one that the rules refuse", async () => {
  expect((await ensure()).endpoints[0]).toMatchObject({ state: EndpointState.ENABLED });
  const { endpoints, secret } = await ensure("http://127.0.0.1/", 2n);
  expect(secret).toBeUndefined();
  expect(endpoints[0]).toMatchObject({ state: EndpointState.DISABLED, disabledReason: "URL_REFUSED" });
});

it("pages through deliveries, newest first", async () => {
  await ensure("https://shop.example/hook");
  const created = await deliver(api.stores, seven, ...Array.from({ length: 25 }, () => ({})));
  const first = await api.deliveries.listDeliveries(scope);
  expect(first.deliveries).toHaveLength(20);
  const second = await api.deliveries.listDeliveries({ ...scope, pageToken: first.nextPageToken });
  expect(second.nextPageToken).toBe("");
  const shown = [...first.deliveries, ...second.deliveries].map((delivery) => Number(delivery.id));
  expect(shown).toEqual([...created].reverse());
  const all = await api.deliveries.listDeliveries({ ...scope, pageSize: 5_000 });
  expect(all.deliveries).toHaveLength(25);
});

it("filters, and shows a delivery whole", async () => {
  await ensure("https://shop.example/hook");
  const eventId = nextEventId();
  const [id = 0] = await deliver(api.stores, seven, { id: eventId, type: "payment.failed" }, {});
  const { deliveries } = await api.deliveries.listDeliveries({ ...scope, type: "payment.failed" });
  const { delivery } = await api.deliveries.getDelivery({ ...scope, id: BigInt(id) });
  expect(deliveries).toEqual([delivery]);
  expect(delivery).toMatchObject({
    eventId,
    deliveryStatus: DeliveryStatus.PENDING,
    attempts: 0,
    sequence: 3n,
  });
  expect(delivery?.payload).toContain(`{"id":"${eventId}","type":"payment.failed"`);
  expect(delivery?.nextAttemptAt).toBeDefined();
  const none = { ...scope, deliveryStatus: DeliveryStatus.DELIVERED };
  expect((await api.deliveries.listDeliveries(none)).deliveries).toEqual([]);
});

it("shows every field of the operators' webhook log, at every stage", async () => {
  const FIELDS =
    "id applicationId mode type schemaVersion payload deliveryStatus attempts lastResponseStatus lastError nextAttemptAt " +
    "lastAttemptAt deliveredAt createdAt updatedAt";
  await ensure("https://shop.example/hook");
  const endpoint = (await api.stores.endpoints.defaults(7)).find(({ mode }) => mode === "LIVE");
  if (!endpoint) throw new Error("there is no default endpoint");
  const [id = 0] = await deliver(api.stores, seven);
  const shown = async (): Promise<object> => {
    const { delivery } = await api.deliveries.getDelivery({ ...scope, id: BigInt(id) });
    return delivery ? (toJson(DeliverySchema, delivery, { alwaysEmitImplicit: true }) as object) : {};
  };
  const sent = async (outcome: Parameters<typeof result>[2]): Promise<object> => {
    const claims = await api.stores.queue.claim(WIDE);
    await api.stores.queue.record(claims.map((claim) => result(claim, endpoint, outcome)));
    return shown();
  };
  const waiting = await shown();
  const failing = await sent(failed(0));
  const done = await sent(DELIVERED);
  // What is not known yet is absent: the REST rows say null there.
  const absent = (row: object): string[] => FIELDS.split(" ").filter((field) => !(field in row));
  expect(absent(waiting)).toEqual(["lastResponseStatus", "lastError", "lastAttemptAt", "deliveredAt"]);
  expect(absent(failing)).toEqual(["deliveredAt"]);
  expect(absent(done)).toEqual(["lastError", "nextAttemptAt"]);
  expect(failing).toMatchObject({ lastResponseStatus: 500, lastError: "HTTP_STATUS", attempts: 1 });
  expect(done).toMatchObject({
    id: String(id),
    applicationId: "7",
    mode: "MODE_LIVE",
    type: "payment.succeeded",
    schemaVersion: 1,
    deliveryStatus: "DELIVERY_STATUS_DELIVERED",
    attempts: 2,
    lastResponseStatus: 200,
    payload: expect.stringMatching(/^\{"id":"evt_/),
  });
});

it("hides rows of another application and of the other mode", async () => {
  await ensure("https://shop.example/hook");
  const [id = 0] = await deliver(api.stores, seven);
  for (const foreign of [{ applicationId: 8n }, { mode: Mode.TEST }]) {
    const request = api.deliveries.getDelivery({ ...scope, ...foreign, id: BigInt(id) });
    await expect(rpc(request)).rejects.toMatchObject({ reason: "RESOURCE_NOT_FOUND" });
  }
});

it("refuses page tokens that it never gave out", async () => {
  await ensure("https://shop.example/hook");
  await deliver(api.stores, seven, {}, {});
  const { nextPageToken } = await api.deliveries.listDeliveries({ ...scope, pageSize: 1 });
  const forged = Buffer.from("deliveries:-1").toString("base64url");
  for (const pageToken of ["nonsense", `${nextPageToken}x`, forged]) {
    await expect(rpc(api.deliveries.listDeliveries({ ...scope, pageToken }))).rejects.toMatchObject({
      reason: "VALIDATION_ERROR",
      fields: { pageToken: expect.any(String) },
    });
  }
  // Nor one of the same list with other arguments.
  const filtered = { ...scope, pageToken: nextPageToken, type: "payment.failed" };
  await expect(rpc(api.deliveries.listDeliveries(filtered))).rejects.toMatchObject({
    fields: { pageToken: "belongs to a list with other arguments" },
  });
  const otherList = api.endpoints.listEndpoints({ ...scope, pageToken: nextPageToken });
  await expect(rpc(otherList)).rejects.toMatchObject({ reason: "VALIDATION_ERROR" });
  await expect(rpc(api.endpoints.listEndpoints({ applicationId: 7n }))).rejects.toMatchObject({
    reason: "VALIDATION_ERROR",
  });
});

it("lists endpoints of the scope", async () => {
  const { endpoints } = await ensure("https://shop.example/hook");
  const [listed] = (await api.endpoints.listEndpoints(scope)).endpoints;
  expect(listed).toMatchObject({ id: endpoints[1]?.id, pending: 0, parked: 0 });
  expect((await api.endpoints.listEndpoints({ ...scope, applicationId: 8n })).endpoints).toEqual([]);
});
