import type { PageTokens } from "@oi/platform/rpc/page-token";
import { type MountedService, mountService } from "@oi/platform/rpc/service";
import type { Logger } from "@oi/platform/telemetry/logger";
import { DeliveriesService } from "@oi/proto/webhooks/v1/deliveries_service";
import { EndpointsService } from "@oi/proto/webhooks/v1/endpoints_service";
import type { DeliveryLog, EndpointLog, ParkedEvents } from "../../application/admin-ports.ts";
import type { UseCases } from "../../application/use-cases.ts";
import { deliveriesService } from "./deliveries-service.ts";
import { endpointsService } from "./endpoints-service.ts";

/** The two services of the package over their use cases and reads. */
export function mountServices(
  useCases: UseCases,
  reads: {
    readonly endpointLog: EndpointLog;
    readonly deliveryLog: DeliveryLog;
    readonly parked: ParkedEvents;
    readonly retryParked: (eventId: string) => Promise<{ readonly error: string | null }>;
    readonly pageTokens: PageTokens;
  },
  log: Logger,
): readonly MountedService[] {
  const { ensureDefaults, getDelivery, endpoint: manage, secrets, deliveries, diagnose } = useCases;
  const { endpointLog: endpoints, deliveryLog, parked, retryParked, pageTokens } = reads;
  return [
    mountService(
      EndpointsService,
      endpointsService({ ensureDefaults, endpoints, manage, secrets, deliveries, pageTokens }),
      log,
    ),
    mountService(
      DeliveriesService,
      deliveriesService({
        getDelivery,
        deliveries: deliveryLog,
        endpoints,
        manage: deliveries,
        diagnose,
        parked,
        retryParked,
        pageTokens,
      }),
      log,
    ),
  ];
}
