import type { Instant } from "@oi/kernel/instant";
import type { Codec } from "../domain/signature-doctor.ts";
import type { ChangeDesk, DeliveryLog, EndpointLog } from "./admin-ports.ts";
import { createDiagnoseSignature, type DiagnoseSignature } from "./diagnose-signature.ts";
import { createEnsureDefaultEndpoints, type EnsureDefaultEndpoints } from "./ensure-default-endpoints.ts";
import { createGetDelivery, type GetDelivery } from "./get-delivery.ts";
import { type ManageDeliveries, manageDeliveries } from "./manage-deliveries.ts";
import { type ManageEndpoint, manageEndpoint } from "./manage-endpoint.ts";
import { type ManageSecrets, manageSecrets } from "./manage-secrets.ts";
import type { EndpointStore, NextEventId, SecretBox, TargetPolicy, WebhookSigner } from "./ports.ts";

export type UseCasePorts = {
  readonly desk: ChangeDesk;
  readonly endpoints: EndpointStore;
  readonly endpointLog: EndpointLog;
  readonly deliveryLog: DeliveryLog;
  readonly policy: TargetPolicy;
  readonly secretBox: SecretBox;
  readonly signer: WebhookSigner;
  readonly codec: Codec;
  readonly nextEventId: NextEventId;
  readonly now: () => Instant;
  /** Called when a delivery became due by hand. */
  readonly onDue: () => void;
};

/** Everything that is done on request. */
export type UseCases = {
  readonly ensureDefaults: EnsureDefaultEndpoints;
  readonly getDelivery: GetDelivery;
  readonly endpoint: ManageEndpoint;
  readonly secrets: ManageSecrets;
  readonly deliveries: ManageDeliveries;
  readonly diagnose: DiagnoseSignature;
};

export function createUseCases(ports: UseCasePorts): UseCases {
  const { desk, endpoints, endpointLog, deliveryLog, policy, secretBox, signer, onDue } = ports;
  const readable = { desk, secrets: endpointLog, secretBox, signer };
  return {
    ensureDefaults: createEnsureDefaultEndpoints({ endpoints, policy, secretBox, signer }),
    getDelivery: createGetDelivery(deliveryLog),
    endpoint: manageEndpoint({ ...readable, endpoints, policy }),
    secrets: manageSecrets(readable),
    deliveries: manageDeliveries({ desk, nextEventId: ports.nextEventId, onDue }),
    diagnose: createDiagnoseSignature({
      endpoints: endpointLog,
      secretBox,
      codec: ports.codec,
      now: ports.now,
    }),
  };
}
