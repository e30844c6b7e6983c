import type { RawCallback } from "../../domain/gateway.ts";
import { redactEvidence } from "./redaction.ts";

/** A callback as it may be kept: no signature, no card number, and no NUL, which the database refuses. */
export function maskedCallback(callback: RawCallback): string {
  const raw = callback.body.length > 0 ? Buffer.from(callback.body).toString("utf8") : callback.query;
  return redactEvidence(raw).text.replaceAll("\0", "\uFFFD");
}
