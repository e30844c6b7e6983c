import type { ServiceImpl } from "@connectrpc/connect";
import type { EndpointsService } from "@oi/proto/webhooks/v1/endpoints_service";
import type { EnsureDefaultEndpoints } from "../../application/ensure-default-endpoints.ts";
import { readPage } from "../../application/page.ts";
import type { EndpointStore } from "../../application/ports.ts";
import { toEndpointMessage, toScope } from "./messages.ts";
import { decodePageToken, encodePageToken } from "./page-token.ts";

export function endpointsService({
  ensureDefaults,
  endpoints,
}: {
  readonly ensureDefaults: EnsureDefaultEndpoints;
  readonly endpoints: Pick<EndpointStore, "list">;
}): ServiceImpl<typeof EndpointsService> {
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
      const asked = { size: request.pageSize, after: decodePageToken("endpoints", request.pageToken) };
      const { items, next } = await readPage(asked, (page) => endpoints.list(scope, page));
      return { endpoints: items.map(toEndpointMessage), nextPageToken: encodePageToken("endpoints", next) };
    },
  };
}
