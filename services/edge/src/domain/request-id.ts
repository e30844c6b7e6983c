/** A caller's own request id is kept when it is harmless in a header, a log line and a gRPC message. */
export function isRequestId(text: unknown): text is string {
  return typeof text === "string" && /^[\x21-\x7e]{1,128}$/.test(text);
}
