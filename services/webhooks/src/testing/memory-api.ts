import { randomBytes } from "node:crypto";
import { Secret } from "@oi/platform/config/env";
import { inMemoryTransport, rpcClient } from "@oi/platform/rpc/client";
import { pageTokens } from "@oi/platform/rpc/page-token";
import { systemRandom } from "@oi/platform/service/random";
import { silentLogger } from "@oi/platform/telemetry/logger";
import { DeliveriesService } from "@oi/proto/webhooks/v1/deliveries_service";
import { EndpointsService } from "@oi/proto/webhooks/v1/endpoints_service";
import { doctorCodec } from "../adapters/crypto/doctor-codec.ts";
import { aesSecretBox } from "../adapters/crypto/secret-box.ts";
import { hmacSigner } from "../adapters/crypto/webhook-signer.ts";
import { createEventHandler } from "../adapters/events/event-handler.ts";
import { createRetryParked } from "../adapters/events/retry-parked.ts";
import { createAddressPolicy } from "../adapters/http/address-policy.ts";
import { createTargetPolicy } from "../adapters/http/target-policy.ts";
import { mountServices } from "../adapters/rpc/mount.ts";
import { createAcceptEvents } from "../application/accept-events.ts";
import { createChangeTarget } from "../application/change-target.ts";
import { createUseCases } from "../application/use-cases.ts";
import { NO_NAMES } from "./no-names.ts";
import { nextEventId, type Stores } from "./stores.ts";

/** When the memory's world begins. */
export const NOW = 1_780_567_200_000;

const secretBox = aesSecretBox([{ id: "k1", key: new Secret(randomBytes(32).toString("base64")) }]);

/** Both services over the given stores, called through RPC without a network; strict about addresses. */
export function openApi(stores: Stores) {
  const { log: deliveryLog, inbox } = stores;
  const log = silentLogger();
  const policy = createTargetPolicy(createAddressPolicy([]), NO_NAMES);
  const useCases = createUseCases({
    ...stores,
    deliveryLog,
    policy,
    secretBox,
    signer: hmacSigner(systemRandom()),
    codec: doctorCodec,
    nextEventId,
    now: () => NOW,
    onDue: () => undefined,
  });
  const changeTarget = createChangeTarget({ inbox, policy });
  const accept = createAcceptEvents(inbox);
  const handler = createEventHandler({ accept, changeTarget, inbox, onDeliveries: () => undefined, log });
  const retryParked = createRetryParked({ ...stores, handler });
  const tokens = pageTokens(new Secret("p".repeat(32)));
  const reads = { ...stores, deliveryLog, retryParked, pageTokens: tokens };
  const transport = inMemoryTransport(mountServices(useCases, reads, log));
  return {
    stores,
    handler,
    secretBox,
    useCases,
    endpoints: rpcClient(EndpointsService, transport),
    deliveries: rpcClient(DeliveriesService, transport),
  };
}
