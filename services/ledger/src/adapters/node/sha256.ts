import { createHash, hash } from "node:crypto";
import type { Sha256 } from "../../domain/canonical-bytes.ts";

export const nodeSha256: Sha256 = (bytes) => new Uint8Array(hash("sha256", bytes, "buffer"));

/** For what is too long to be held at once. */
export function sha256Stream() {
  const hash = createHash("sha256");
  return {
    update: (bytes: Uint8Array): void => {
      hash.update(bytes);
    },
    digest: (): Uint8Array => Uint8Array.from(hash.digest()),
  };
}
