import { DomainError, notFound } from "@oi/kernel/errors";
import type { Instant } from "@oi/kernel/instant";

/** A signing secret without the secret. */
export type SecretInfo = {
  readonly version: number;
  readonly algorithm: "v1";
  readonly activeFrom: Instant;
  readonly expiresAt: Instant | null;
  readonly revokedAt: Instant | null;
};

export const DEFAULT_OVERLAP_SECONDS = 86_400;

export function isActive(secret: SecretInfo, now: Instant): boolean {
  return secret.revokedAt === null && (secret.expiresAt === null || secret.expiresAt > now);
}

export type Rotation = {
  readonly version: number;
  /** The older secret and when it ends; null when none is active. */
  readonly previous: { readonly version: number; readonly expiresAt: Instant } | null;
};

/**
 * A new secret signs at once, the older one signs on for the overlap. Raises INVALID_OPERATION_STATE while two are
 * active: receivers would have to know three.
 */
export function rotate(secrets: readonly SecretInfo[], now: Instant, overlapSeconds: number): Rotation {
  const active = secrets.filter((secret) => isActive(secret, now));
  if (active.length >= 2)
    throw new DomainError("INVALID_OPERATION_STATE", "Two secrets are active; revoke the older one or wait.");
  const version = Math.max(0, ...secrets.map((secret) => secret.version)) + 1;
  const [older] = active;
  const expiresAt = now + overlapSeconds * 1_000;
  return { version, previous: older ? { version: older.version, expiresAt } : null };
}

/**
 * What else a revocation changes: the newest of the others signs on without an end if it had one, or nothing would be
 * signed after it. Raises RESOURCE_NOT_FOUND, and INVALID_OPERATION_STATE for the only active one.
 */
export function revoke(
  secrets: readonly SecretInfo[],
  version: number,
  now: Instant,
): { readonly prolonged: number | null } {
  if (!secrets.some((secret) => secret.version === version)) throw notFound("Secret");
  const [kept] = secrets
    .filter((secret) => secret.version !== version && isActive(secret, now))
    .toSorted((a, b) => b.version - a.version);
  if (!kept) throw new DomainError("INVALID_OPERATION_STATE", "It is the only active secret; rotate first.");
  const hasOther = secrets.some((secret) => secret.version === version && isActive(secret, now));
  return { prolonged: hasOther && kept.expiresAt !== null ? kept.version : null };
}
