import type { Instant } from "@oi/kernel/instant";

/** One request of a delivery, as it is shown. */
export type AttemptRow = {
  readonly deliveryId: number;
  readonly number: number;
  readonly round: number;
  readonly kind: string;
  readonly endpointId: number;
  readonly host: string;
  readonly claimedAt: Instant;
  readonly startedAt: Instant | null;
  readonly endedAt: Instant | null;
  readonly outcome: string | null;
  readonly status: number | null;
  readonly error: string | null;
  readonly remoteAddress: string | null;
  readonly dnsMs: number | null;
  readonly firstByteMs: number | null;
  readonly totalMs: number | null;
  readonly secretVersions: readonly number[];
  readonly bodySha256: string;
  readonly responseHead: string | null;
  readonly retryAfterSeconds: number | null;
};
