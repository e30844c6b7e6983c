import { assert } from "@oi/kernel/assert";
import { base58, eventUuid, formatUuid } from "@oi/kernel/id";
import { canonicalWriter, type Sha256 } from "./canonical-bytes.ts";

/** The id that an event had outside, from the UUID that is kept inside. */
export function eventIdOf(uuid: string): string {
  const hex = uuid.replaceAll("-", "");
  assert(/^[0-9a-f]{32}$/.test(hex), "not the text of a UUID");
  const bytes = Uint8Array.from({ length: 16 }, (_, i) => Number.parseInt(hex.slice(2 * i, 2 * i + 2), 16));
  return `evt_${base58(bytes)}`;
}

/**
 * The UUID under which the inbox knows an event. An event whose id cannot be read gets one made of its content
 * (UUID version 8), so that its redeliveries are the same event too.
 */
export function inboxUuid(
  event: { readonly id: string; readonly subject: string; readonly payload: string },
  sha256: Sha256,
): string {
  const known = eventUuid(event.id);
  if (known) return known;
  const bytes = sha256(
    canonicalWriter().text(event.id).text(event.subject).text(event.payload).bytes(),
  ).slice(0, 16);
  bytes[6] = 0x80 | ((bytes[6] ?? 0) & 0x0f);
  bytes[8] = 0x80 | ((bytes[8] ?? 0) & 0x3f);
  return formatUuid(bytes);
}
