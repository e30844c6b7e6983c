import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import { clearField, clone, type DescMessage, type Message, toBinary } from "@bufbuild/protobuf";
import { invalid } from "@oi/kernel/errors";
import type { Secret } from "../config/env.ts";

/**
 * Tokens of the next page: a position of the list's own choosing, bound to the request that it belongs to. A token
 * grants nothing, since every page is read with the rights of the call that asks for it.
 */
export type PageTokens = {
  /** `position` is plain text of the list's own, at most 300 bytes. */
  write<S extends DescMessage>(schema: S, request: Message, position: string): string;
  /** The position that the request's `page_token` holds; null for the first page. Raises VALIDATION_ERROR. */
  read<S extends DescMessage>(schema: S, request: Message & { readonly pageToken: string }): string | null;
};

const FINGERPRINT_BYTES = 8;
const MAC_BYTES = 16;
const HEAD_BYTES = FINGERPRINT_BYTES + MAC_BYTES;

/** How a caller walks through a list; it may change the size of its pages on the way. */
const WALK = new Set(["page_token", "page_size", "skip"]);

function fingerprintOf(schema: DescMessage, request: Message): Buffer {
  const rest = clone(schema, request);
  for (const field of schema.fields) if (WALK.has(field.name)) clearField(rest, field);
  // What an unknown field means to its sender is no argument of ours.
  const bytes = toBinary(schema, rest, { writeUnknownFields: false });
  return createHash("sha256").update(bytes).digest().subarray(0, FINGERPRINT_BYTES);
}

/** Every process that answers the same list needs the same key. */
export function pageTokens(key: Secret): PageTokens {
  const macOf = (schema: DescMessage, fingerprint: Uint8Array, position: Uint8Array): Buffer =>
    createHmac("sha256", key.reveal())
      .update(`page-token/1\0${schema.typeName}\0`)
      .update(fingerprint)
      .update(position)
      .digest()
      .subarray(0, MAC_BYTES);
  return {
    write: (schema, request, position) => {
      const fingerprint = fingerprintOf(schema, request);
      const text = Buffer.from(position);
      return Buffer.concat([fingerprint, macOf(schema, fingerprint, text), text]).toString("base64url");
    },
    read: (schema, request) => {
      if (request.pageToken === "") return null;
      const bytes = Buffer.from(request.pageToken, "base64url");
      const fingerprint = bytes.subarray(0, FINGERPRINT_BYTES);
      const mac = bytes.subarray(FINGERPRINT_BYTES, HEAD_BYTES);
      const position = bytes.subarray(HEAD_BYTES);
      // Decoding forgives what is no base64url, and a token that was touched is not ours even when it means the same.
      const isWhole = mac.length === MAC_BYTES && bytes.toString("base64url") === request.pageToken;
      if (!isWhole || !timingSafeEqual(mac, macOf(schema, fingerprint, position)))
        throw invalid({ pageToken: "is not a page token of this list" });
      if (!fingerprint.equals(fingerprintOf(schema, request)))
        throw invalid({ pageToken: "belongs to a list with other arguments" });
      return position.toString();
    },
  };
}
