import { createHash } from "node:crypto";
import type { Credential } from "../../application/ports.ts";

/** A digest, so that a memory dump of the edge shows no secret. */
export function digestOf({ apiKey, apiSecret }: Credential): string {
  return createHash("sha256").update(apiKey).update("\0").update(apiSecret).digest("base64");
}
