import type { IdempotencyKey } from "../../application/ports.ts";

type Fields = Readonly<Record<string, string | number | boolean | null>>;

/** SHA-256 of a route and of the known fields as sent, in whatever order. */
export type Fingerprint = (route: string, fields: Fields) => Uint8Array;

/** The key of a request with the fingerprint of what was sent, before defaults; null without a key. */
export function idempotencyOf(
  fingerprint: Fingerprint,
  route: string,
  key: string,
  fields: Fields,
): IdempotencyKey | null {
  return key === "" ? null : { route, key, fingerprint: fingerprint(route, fields) };
}
