import { createHash } from "node:crypto";
import type { Sha256 } from "../../domain/canonical-bytes.ts";

export const nodeSha256: Sha256 = (bytes) => Uint8Array.from(createHash("sha256").update(bytes).digest());
