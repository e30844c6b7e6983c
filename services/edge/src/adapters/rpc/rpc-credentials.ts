import { rpcClient, type Transport } from "@oi/platform/rpc/client";
import { rpc } from "@oi/platform/rpc/errors";
import { ApplicationsService } from "@oi/proto/payments/v1/applications_service";
import { modeFromProto } from "@oi/proto/public/scope";
import type { Credentials } from "../../application/ports.ts";
import { callOptions, DEADLINE_MS } from "./call-options.ts";

export function rpcCredentials(transport: Transport): Credentials {
  const client = rpcClient(ApplicationsService, transport);
  return {
    authenticate: async (credential, trace) => {
      const found = await rpc(
        client.authenticateCredential(credential, callOptions(trace, DEADLINE_MS.store)),
      );
      return {
        applicationId: Number(found.applicationId),
        mode: modeFromProto(found.mode),
        applicationName: found.applicationName,
      };
    },
  };
}
