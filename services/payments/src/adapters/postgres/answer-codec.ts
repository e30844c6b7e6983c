/** Rises when the stored form changes; old forms stay readable for as long as idempotency keys live. */
export const RENDER_VERSION = 1;

const BIGINT_TAG = "$bigint";

/** A payment or refund as bytes that give exactly the same back, whatever happens to the row meanwhile. */
export function encodeAnswer(resource: object): Buffer {
  return Buffer.from(
    JSON.stringify(resource, (_, value: unknown) =>
      typeof value === "bigint" ? { [BIGINT_TAG]: value.toString() } : value,
    ),
  );
}

export function decodeAnswer<T>(bytes: Uint8Array): T {
  return JSON.parse(Buffer.from(bytes).toString("utf8"), (_, value: unknown) =>
    typeof value === "object" && value !== null && BIGINT_TAG in value
      ? BigInt(String(value[BIGINT_TAG]))
      : value,
  ) as T;
}
