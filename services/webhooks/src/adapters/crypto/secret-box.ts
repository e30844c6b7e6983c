import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import type { Secret } from "@oi/platform/config/env";
import type { SecretBox, SecretContext } from "../../application/ports.ts";

/** A key-encryption key; its bytes are base64 text inside the secret. */
export type Kek = { readonly id: string; readonly key: Secret };

const CIPHER = "aes-256-gcm";
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** The row a secret belongs to is authenticated with it: a ciphertext moved to another row does not open. */
function associatedData({ endpointId, version, algorithm }: SecretContext): Buffer {
  return Buffer.from(`${endpointId}:${version}:${algorithm}`, "utf8");
}

/** AES-256-GCM under the first key; every listed key opens. The tag follows the ciphertext. */
export function aesSecretBox(keks: readonly Kek[]): SecretBox {
  const [first] = keks;
  if (!first) throw new Error("a secret box needs at least one key");
  const keys = new Map(keks.map(({ id, key }) => [id, Buffer.from(key.reveal(), "base64")]));
  const keyOf = (id: string): Buffer => {
    const key = keys.get(id);
    if (!key) throw new Error(`the key ${id} is not configured`);
    return key;
  };
  return {
    kekId: first.id,
    seal: (secret, context) => {
      const nonce = randomBytes(NONCE_BYTES);
      const cipher = createCipheriv(CIPHER, keyOf(first.id), nonce).setAAD(associatedData(context));
      const ciphertext = Buffer.concat([cipher.update(secret, "utf8"), cipher.final(), cipher.getAuthTag()]);
      return { ciphertext, nonce, kekId: first.id };
    },
    open: ({ ciphertext, nonce, kekId }, context) => {
      const sealed = Buffer.from(ciphertext);
      const decipher = createDecipheriv(CIPHER, keyOf(kekId), nonce, { authTagLength: TAG_BYTES })
        .setAAD(associatedData(context))
        .setAuthTag(sealed.subarray(-TAG_BYTES));
      return Buffer.concat([decipher.update(sealed.subarray(0, -TAG_BYTES)), decipher.final()]).toString(
        "utf8",
      );
    },
  };
}
