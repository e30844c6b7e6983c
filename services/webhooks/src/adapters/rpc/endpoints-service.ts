import type { ServiceImpl } from "@connectrpc/connect";
import { notFound } from "@oi/kernel/errors";
import type { PageTokens } from "@oi/platform/rpc/page-token";
import { toTimestamp } from "@oi/proto/public/time";
import {
  CreateEndpointRequestSchema,
  DeleteEndpointRequestSchema,
  DisableEndpointRequestSchema,
  EnableEndpointRequestSchema,
  type EndpointsService,
  type ListEndpointsRequest,
  ListEndpointsRequestSchema,
  PauseEndpointRequestSchema,
  ResumeEndpointRequestSchema,
  RevokeSecretRequestSchema,
  RotateSecretRequestSchema,
  SendTestEventRequestSchema,
  UpdateEndpointRequestSchema,
} from "@oi/proto/webhooks/v1/endpoints_service";
import type { EndpointLog } from "../../application/admin-ports.ts";
import type { EnsureDefaultEndpoints } from "../../application/ensure-default-endpoints.ts";
import type { ManageDeliveries } from "../../application/manage-deliveries.ts";
import type { ManageEndpoint } from "../../application/manage-endpoint.ts";
import type { ManageSecrets } from "../../application/manage-secrets.ts";
import { readPage } from "../../application/page.ts";
import { DEFAULT_OVERLAP_SECONDS } from "../../domain/rotation.ts";
import { toEndpointMessage, toScope, toSecretMessage, toViewMessage } from "./messages.ts";
import { onceOf } from "./once.ts";
import { idOf, pagesOf } from "./page-token.ts";

type Ports = {
  readonly ensureDefaults: EnsureDefaultEndpoints;
  readonly endpoints: EndpointLog;
  readonly manage: ManageEndpoint;
  readonly secrets: ManageSecrets;
  readonly deliveries: Pick<ManageDeliveries, "sendTest">;
  readonly pageTokens: PageTokens;
};

type Impl = ServiceImpl<typeof EndpointsService>;

function reads({
  ensureDefaults,
  endpoints,
  pageTokens,
}: Ports): Pick<Impl, "ensureDefaultEndpoints" | "listEndpoints" | "getEndpoint" | "listSecrets"> {
  const pages = pagesOf<ListEndpointsRequest>(pageTokens, ListEndpointsRequestSchema);
  return {
    ensureDefaultEndpoints: async ({ applicationId, applicationVersion, url }) => {
      const made = await ensureDefaults({
        applicationId: Number(applicationId),
        version: Number(applicationVersion),
        url: url ?? null,
      });
      return {
        endpoints: made.endpoints.map(toEndpointMessage),
        ...(made.secret === null ? {} : { secret: made.secret }),
      };
    },
    listEndpoints: async (request) => {
      const scope = toScope(request);
      const asked = { size: request.pageSize, after: idOf(pages.begin(request)) };
      const { items, next } = await readPage(asked, (page) => endpoints.list(scope, page));
      return { endpoints: items.map(toViewMessage), nextPageToken: pages.next(request, next) };
    },
    getEndpoint: async (request) => {
      const found = await endpoints.byId(Number(request.id), toScope(request));
      if (!found) throw notFound("Endpoint");
      return { endpoint: toViewMessage(found) };
    },
    listSecrets: async (request) => {
      const scope = toScope(request);
      const id = Number(request.id);
      if (!(await endpoints.byId(id, scope))) throw notFound("Endpoint");
      const all = await endpoints.secretsOf(scope.applicationId);
      return { secrets: all.filter(({ endpointId }) => endpointId === id).map(toSecretMessage) };
    },
  };
}

function switches({
  manage,
}: Ports): Pick<
  Impl,
  "pauseEndpoint" | "resumeEndpoint" | "disableEndpoint" | "enableEndpoint" | "deleteEndpoint"
> {
  return {
    pauseEndpoint: async (request) => {
      const once = onceOf("PauseEndpoint", PauseEndpointRequestSchema, request);
      return { endpoint: toEndpointMessage(await manage.pause(once, Number(request.id))) };
    },
    resumeEndpoint: async (request) => {
      const once = onceOf("ResumeEndpoint", ResumeEndpointRequestSchema, request);
      return { endpoint: toEndpointMessage(await manage.resume(once, Number(request.id))) };
    },
    disableEndpoint: async (request) => {
      const once = onceOf("DisableEndpoint", DisableEndpointRequestSchema, request);
      return { endpoint: toEndpointMessage(await manage.disable(once, Number(request.id))) };
    },
    enableEndpoint: async (request) => {
      const once = onceOf("EnableEndpoint", EnableEndpointRequestSchema, request);
      const enabled = await manage.enable(once, Number(request.id), request.discardSuspended);
      return { endpoint: toEndpointMessage(enabled.endpoint), recoveryId: BigInt(enabled.recoveryId) };
    },
    deleteEndpoint: async (request) => {
      const once = onceOf("DeleteEndpoint", DeleteEndpointRequestSchema, request);
      return { endpoint: toEndpointMessage(await manage.remove(once, Number(request.id))) };
    },
  };
}

export function endpointsService(ports: Ports): Impl {
  const { manage, secrets, deliveries } = ports;
  return {
    ...reads(ports),
    ...switches(ports),
    createEndpoint: async (request) => {
      const once = onceOf("CreateEndpoint", CreateEndpointRequestSchema, request);
      const { url, eventTypes, schemaVersion, description } = request;
      const made = await manage.create(once, {
        url,
        eventTypes,
        description,
        schemaVersion: schemaVersion === 0 ? null : schemaVersion,
      });
      const endpoint = toEndpointMessage(made.endpoint);
      return made.secret === null ? { endpoint } : { endpoint, secret: made.secret };
    },
    updateEndpoint: async (request) => {
      const once = onceOf("UpdateEndpoint", UpdateEndpointRequestSchema, request);
      const endpoint = await manage.update(once, {
        id: Number(request.id),
        expectedVersion: Number(request.expectedVersion),
        url: request.url ?? null,
        eventTypes: request.eventTypes?.values ?? null,
        schemaVersion: request.schemaVersion ?? null,
        description: request.description ?? null,
      });
      return { endpoint: toEndpointMessage(endpoint) };
    },
    rotateSecret: async (request) => {
      const once = onceOf("RotateSecret", RotateSecretRequestSchema, request);
      const overlap = request.overlapSeconds ?? DEFAULT_OVERLAP_SECONDS;
      const { secret, version, previousExpiresAt } = await secrets.rotate(once, Number(request.id), overlap);
      return {
        version,
        ...(secret === null ? {} : { secret }),
        ...(previousExpiresAt === null ? {} : { previousExpiresAt: toTimestamp(previousExpiresAt) }),
      };
    },
    revokeSecret: async (request) => {
      const once = onceOf("RevokeSecret", RevokeSecretRequestSchema, request);
      await secrets.revoke(once, Number(request.id), request.version);
      return {};
    },
    sendTestEvent: async (request) => {
      const once = onceOf("SendTestEvent", SendTestEventRequestSchema, request);
      return { deliveryId: BigInt(await deliveries.sendTest(once, Number(request.id))) };
    },
  };
}
