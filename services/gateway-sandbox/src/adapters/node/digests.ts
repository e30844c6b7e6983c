import { createHash } from "node:crypto";
import type { Digests } from "../../domain/signature.ts";

export const nodeDigests: Digests = {
  md5: (text) => createHash("md5").update(text, "utf8").digest("hex"),
  sha256: (text) => createHash("sha256").update(text, "utf8").digest("hex"),
};
