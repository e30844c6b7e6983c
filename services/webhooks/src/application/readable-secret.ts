import type { Done, EndpointLog } from "./admin-ports.ts";
import type { SecretBox } from "./ports.ts";

export type SecretReader = Pick<EndpointLog, "secretsOf">;

const READABLE_MS = 600_000;

type Stored = { readonly applicationId: number; readonly endpointId: number; readonly version: number };

/**
 * The secret that goes into an answer. The caller who lost the first answer may read it again for ten minutes, from
 * the sealed row; later repeats show none.
 */
export async function readableSecret(
  { secrets, secretBox }: { readonly secrets: SecretReader; readonly secretBox: SecretBox },
  { replayedAfterMs }: Done<unknown>,
  { applicationId, endpointId, version }: Stored,
  fresh: string,
): Promise<string | null> {
  if (replayedAfterMs === null) return fresh;
  if (replayedAfterMs > READABLE_MS) return null;
  const known = (await secrets.secretsOf(applicationId)).find(
    (secret) => secret.endpointId === endpointId && secret.version === version,
  );
  return known ? secretBox.open(known.sealed, { endpointId, version, algorithm: "v1" }) : null;
}
