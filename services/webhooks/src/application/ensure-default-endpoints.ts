import type { Mode } from "@oi/kernel/scope";
import type { Endpoint } from "../domain/endpoint.ts";
import type { EndpointStore, NewDefault, SecretBox, TargetPolicy, WebhookSigner } from "./ports.ts";

export type EnsureDefaultEndpoints = (request: {
  readonly applicationId: number;
  readonly version: number;
  readonly url: string | null;
}) => Promise<{ readonly endpoints: readonly Endpoint[]; readonly secret: string | null }>;

type Ports = {
  readonly endpoints: EndpointStore;
  readonly policy: TargetPolicy;
  readonly secretBox: SecretBox;
  readonly signer: WebhookSigner;
};

const MODES: readonly Mode[] = ["TEST", "LIVE"];
const FIRST_SECRET = { version: 1, algorithm: "v1" } as const;

/**
 * Makes an application's default endpoints, one per mode, under one common secret that is readable only in this
 * answer. Of concurrent calls one makes them; the others get the same endpoints and no secret.
 */
export function createEnsureDefaultEndpoints({
  endpoints,
  policy,
  secretBox,
  signer,
}: Ports): EnsureDefaultEndpoints {
  const prepare = async (secret: string): Promise<NewDefault[]> => {
    const ids = await endpoints.reserveIds(MODES.length);
    return MODES.flatMap((mode, i) => {
      const id = ids[i];
      if (id === undefined) return [];
      return [{ id, mode, secret: secretBox.seal(secret, { endpointId: id, ...FIRST_SECRET }) }];
    });
  };
  return async ({ applicationId, version, url }) => {
    const secret = signer.newSecret();
    const existing = await endpoints.defaults(applicationId);
    const made = await endpoints.commitDefaults({
      applicationId,
      version,
      target: policy.assess(url),
      endpoints: existing.length > 0 ? [] : await prepare(secret),
    });
    return { endpoints: made.endpoints, secret: made.created ? secret : null };
  };
}
