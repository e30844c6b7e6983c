import { notFound } from "@oi/kernel/errors";

/** Ids are integers up to 2^53−1; any other text is the id of nothing. Raises RESOURCE_NOT_FOUND. */
export function readId(text: string, what: "Payment" | "Refund"): number {
  const id = /^[1-9]\d{0,15}$/.test(text) ? Number(text) : 0;
  if (id < 1 || !Number.isSafeInteger(id)) throw notFound(what);
  return id;
}
