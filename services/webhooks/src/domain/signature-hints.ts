import type { Cause } from "./signature-doctor.ts";

/** What to do about each cause. */
export const HINTS: Readonly<Record<Cause, string>> = {
  HEADER_MISSING: "A proxy or framework drops headers it does not know: let webhook-* through.",
  TIMESTAMP_MALFORMED: "Pass the header on as it came; it holds whole seconds since 1970.",
  TIMESTAMP_OUTSIDE_TOLERANCE:
    "Set the receiver's clock by NTP, and verify when the request arrives, not later from a queue.",
  BODY_PARSED:
    "Verify the raw bytes: express.raw({ type: '*/*' }), a Fastify content type parser with parseAs 'buffer', " +
    "req.text() in Next, rawBody: true in Nest, $request->getContent() in Laravel, request.body in Django.",
  BODY_REENCODED: "A middleware parsed the JSON and wrote it again: verify the bytes as they arrived.",
  BODY_ESCAPED: "json_encode of PHP escapes / and non-ASCII: verify file_get_contents('php://input').",
  BODY_NEWLINE: "Something added a byte order mark or line ends: verify the bytes as they arrived.",
  BODY_LATIN1: "Read the body as bytes, or as UTF-8.",
  BODY_TRUNCATED: "Raise the receiver's body limit to at least 64 KiB and read to the end.",
  SECRET_WHITESPACE: "Trim the secret where it is read, often an environment file.",
  SECRET_NOT_DECODED: "Decode the base64 after whsec_; its 32 bytes are the key.",
  SIGNED_WRONG_STRING: "Sign id.timestamp.body with HMAC-SHA256 and compare the base64.",
  SECRET_OF_OTHER: "Use the secret of this endpoint; after a rotation, the newest one.",
  SIGNATURE_FORGED: "Treat the request as hostile; if it is not, compare the secret with the endpoint's.",
};
