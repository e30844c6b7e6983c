import { randomBytes } from "node:crypto";
import { eventId } from "@oi/kernel/id";
import type { Instant } from "@oi/kernel/instant";

/** The only source of ids and chance; tests give a seeded one. */
export interface Random {
  bytes(size: number): Uint8Array;
}

export function systemRandom(): Random {
  return { bytes: (size) => randomBytes(size) };
}

export function newEventId(random: Random, now: Instant): string {
  return eventId(now, random.bytes(10));
}
