import { createHash } from "node:crypto";
import type { RawCallback } from "../../domain/gateway.ts";

type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

/** JSON with sorted keys: the same fields give the same text, whatever their order was. */
function canonicalJson(value: Json): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(",")}]`;
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, inner]) => `${JSON.stringify(key)}:${canonicalJson(inner)}`).join(",")}}`;
}

/** What a request asked for: SHA-256 of the route and the key-sorted known fields as sent (absent = null). */
export function requestFingerprint(route: string, fields: { readonly [key: string]: Json }): Uint8Array {
  return createHash("sha256")
    .update(`${route}\n${canonicalJson(fields)}`)
    .digest();
}

/** Which callback it is: SHA-256 over channel, path, query and body. Copies have the same digest. */
export function callbackDigest(callback: RawCallback, reference: string | null): Uint8Array {
  return createHash("sha256")
    .update(`${callback.channel}\n${callback.method}\n${reference ?? ""}\n${callback.query}\n`)
    .update(callback.body)
    .digest();
}
