import { notFound } from "@oi/kernel/errors";
import type { Instant } from "@oi/kernel/instant";
import type { Scope } from "@oi/kernel/scope";
import { isActive } from "../domain/rotation.ts";
import { type Codec, type Diagnosis, diagnose } from "../domain/signature-doctor.ts";
import type { EndpointLog, KnownSecret } from "./admin-ports.ts";
import type { SecretBox } from "./ports.ts";

export type SignatureQuestion = {
  readonly scope: Scope;
  readonly endpointId: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  readonly computed: string | null;
  /** What the receiver holds, when it is known. */
  readonly secret: string | null;
};

export type DiagnoseSignature = (question: SignatureQuestion) => Promise<Diagnosis>;

function labelOf(secret: KnownSecret, endpointId: number, now: Instant): string {
  const place =
    secret.endpointId === endpointId ? "this endpoint" : `endpoint ${secret.endpointId} (${secret.mode})`;
  const state = secret.revokedAt !== null ? "revoked" : isActive(secret, now) ? "active" : "rotated out";
  return `secret ${secret.version} of ${place}, ${state}`;
}

/** Knows what only the sender can: old, revoked and other endpoints' secrets. Raises RESOURCE_NOT_FOUND. */
export function createDiagnoseSignature({
  endpoints,
  secretBox,
  codec,
  now,
}: {
  readonly endpoints: Pick<EndpointLog, "byId" | "secretsOf">;
  readonly secretBox: SecretBox;
  readonly codec: Codec;
  readonly now: () => Instant;
}): DiagnoseSignature {
  return async ({ scope, endpointId, headers, body, computed, secret }) => {
    const endpoint = await endpoints.byId(endpointId, scope);
    if (!endpoint) throw notFound("Endpoint");
    const at = now();
    const known = (await endpoints.secretsOf(scope.applicationId)).map((each) => {
      const { endpointId: of, version, sealed } = each;
      const text = secretBox.open(sealed, { endpointId: of, version, algorithm: "v1" });
      return { each, text, isOwn: of === endpointId && isActive(each, at) };
    });
    const own = known.filter(({ isOwn }) => isOwn).map(({ text }) => text);
    return diagnose(
      {
        headers,
        body,
        secrets: secret === null ? own : [secret],
        others: known.map(({ each, text }) => ({ secret: text, label: labelOf(each, endpointId, at) })),
        computed,
        nowSeconds: Math.floor(at / 1_000),
      },
      codec,
    );
  };
}
