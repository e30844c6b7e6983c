import { rpc } from "@oi/platform/rpc/errors";
import { Mode } from "@oi/proto/common/v1/mode";
import { beforeEach, expect, it } from "vitest";
import { NOW, openApi } from "../../testing/memory-api.ts";
import { openMemoryStores } from "../../testing/memory-stores.ts";
import { deliver } from "../../testing/stores.ts";

type Scope = { readonly applicationId: bigint; readonly mode: Mode };
type Ids = { readonly endpoint: bigint; readonly delivery: bigint; readonly recovery: bigint };
type Ask = (scope: Scope, ids: Ids) => Promise<unknown>;

const OWN: Scope = { applicationId: 7n, mode: Mode.LIVE };
const FOREIGN: readonly Scope[] = [
  { ...OWN, applicationId: 8n },
  { ...OWN, mode: Mode.TEST },
];

let api: ReturnType<typeof openApi>;
let ids: Ids;
beforeEach(async () => {
  api = openApi(openMemoryStores());
  for (const scope of [OWN, ...FOREIGN])
    await api.endpoints.createEndpoint({ ...scope, url: "https://theirs.example/" });
  const { endpoint } = await api.endpoints.createEndpoint({ ...OWN, url: "https://ours.example/" });
  const [delivery = 0] = await deliver(api.stores, { applicationId: 7, mode: "LIVE" });
  const since = { seconds: BigInt(NOW / 1_000 - 60), nanos: 0 };
  const { recovery } = await api.deliveries.recoverEndpoint({
    ...OWN,
    endpointId: endpoint?.id ?? 0n,
    since,
  });
  ids = { endpoint: endpoint?.id ?? 0n, delivery: BigInt(delivery), recovery: recovery?.id ?? 0n };
});

const since = { seconds: BigInt(NOW / 1_000 - 60), nanos: 0 };

/** Every method that names a row, by the name that it has in the proto. */
const ASKED: Readonly<Record<string, Ask>> = {
  GetEndpoint: (scope, { endpoint: id }) => api.endpoints.getEndpoint({ ...scope, id }),
  UpdateEndpoint: (scope, { endpoint: id }) =>
    api.endpoints.updateEndpoint({ ...scope, id, expectedVersion: 1n, description: "x" }),
  PauseEndpoint: (scope, { endpoint: id }) => api.endpoints.pauseEndpoint({ ...scope, id }),
  ResumeEndpoint: (scope, { endpoint: id }) => api.endpoints.resumeEndpoint({ ...scope, id }),
  DisableEndpoint: (scope, { endpoint: id }) => api.endpoints.disableEndpoint({ ...scope, id }),
  EnableEndpoint: (scope, { endpoint: id }) => api.endpoints.enableEndpoint({ ...scope, id }),
  DeleteEndpoint: (scope, { endpoint: id }) => api.endpoints.deleteEndpoint({ ...scope, id }),
  RotateSecret: (scope, { endpoint: id }) => api.endpoints.rotateSecret({ ...scope, id }),
  RevokeSecret: (scope, { endpoint: id }) => api.endpoints.revokeSecret({ ...scope, id, version: 1 }),
  ListSecrets: (scope, { endpoint: id }) => api.endpoints.listSecrets({ ...scope, id }),
  SendTestEvent: (scope, { endpoint: id }) => api.endpoints.sendTestEvent({ ...scope, id }),
  GetDelivery: (scope, { delivery: id }) => api.deliveries.getDelivery({ ...scope, id }),
  ListAttempts: (scope, { delivery: deliveryId }) => api.deliveries.listAttempts({ ...scope, deliveryId }),
  ResendDelivery: (scope, { delivery: id }) => api.deliveries.resendDelivery({ ...scope, id }),
  CancelDelivery: (scope, { delivery: id }) => api.deliveries.cancelDelivery({ ...scope, id }),
  RecoverEndpoint: (scope, { endpoint: endpointId }) =>
    api.deliveries.recoverEndpoint({ ...scope, endpointId, since }),
  GetRecovery: (scope, { recovery: id }) => api.deliveries.getRecovery({ ...scope, id }),
  CancelRecovery: (scope, { recovery: id }) => api.deliveries.cancelRecovery({ ...scope, id }),
  GetEndpointStats: (scope, { endpoint: endpointId }) =>
    api.deliveries.getEndpointStats({ ...scope, endpointId }),
  DiagnoseSignature: (scope, { endpoint: endpointId }) =>
    api.deliveries.diagnoseSignature({ ...scope, endpointId }),
};

it.each(Object.entries(ASKED))("%s knows no row of another application or the other mode", async (_, ask) => {
  for (const scope of FOREIGN)
    await expect(rpc(ask(scope, ids))).rejects.toMatchObject({ reason: "RESOURCE_NOT_FOUND" });
});

it("changed nothing of what was asked for in vain", async () => {
  for (const ask of Object.values(ASKED))
    for (const scope of FOREIGN) await rpc(ask(scope, ids)).catch(() => undefined);
  const { endpoint } = await api.endpoints.getEndpoint({ ...OWN, id: ids.endpoint });
  expect(endpoint).toMatchObject({ version: 1n, description: "", pending: 1 });
  expect((await api.endpoints.listSecrets({ ...OWN, id: ids.endpoint })).secrets).toHaveLength(1);
  expect((await api.deliveries.listDeliveries(OWN)).deliveries).toHaveLength(2);
  for (const scope of FOREIGN) expect((await api.deliveries.listDeliveries(scope)).deliveries).toEqual([]);
});
