import { createHash, createHmac } from "node:crypto";
import type { Random } from "@oi/platform/service/random";
import type { WebhookSigner } from "../../application/ports.ts";

const PREFIX = "whsec_";
const SECRET_BYTES = 32;

/** Standard Webhooks 1.0.0, `v1`: HMAC-SHA256 over `id.timestamp.body`, keyed by the decoded part of `whsec_…`. */
export function hmacSigner(random: Random): WebhookSigner {
  return {
    newSecret: () => PREFIX + Buffer.from(random.bytes(SECRET_BYTES)).toString("base64"),
    sign: ({ eventId, timestampSeconds, body, secrets }) => ({
      signature: secrets
        .map((secret) => {
          const key = Buffer.from(secret.slice(PREFIX.length), "base64");
          const mac = createHmac("sha256", key).update(`${eventId}.${timestampSeconds}.`).update(body);
          return `v1,${mac.digest("base64")}`;
        })
        .join(" "),
      bodySha256: createHash("sha256").update(body).digest("hex"),
    }),
  };
}
