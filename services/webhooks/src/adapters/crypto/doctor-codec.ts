import { createHmac } from "node:crypto";
import type { Codec } from "../../domain/signature-doctor.ts";

/** The doctor's tools, from Node. */
export const doctorCodec: Codec = {
  hmac: (algorithm, key, data) => createHmac(algorithm, key).update(data).digest(),
  bytes: (text, encoding) => Buffer.from(text, encoding),
  text: (bytes, encoding) => Buffer.from(bytes).toString(encoding),
};
