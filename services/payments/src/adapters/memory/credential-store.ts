import type { CredentialStore, CredentialSummary, Rotation } from "../../application/credentials.ts";
import {
  changeAnswer,
  keepAnswer,
  keyOf,
  type MemoryBook,
  nextId,
  type StoredCredential,
} from "./memory-book.ts";

/** Credentials in memory. */
export function memoryCredentialStore(book: MemoryBook): CredentialStore {
  const own = (applicationId: number): [string, StoredCredential][] =>
    [...book.credentials.entries()].filter(([, one]) => one.applicationId === applicationId);
  const isOpen = ({ endedAt, revokedAt }: StoredCredential): boolean =>
    revokedAt === null && (endedAt === null || endedAt > book.clock.now());
  return {
    list: async (applicationId, limit) =>
      own(applicationId)
        .map(([, one]) => toSummary(one))
        .sort((a, b) => b.id - a.id)
        .slice(0, limit),
    rotate: async (applicationId, credential, { graceSeconds, actor, idempotency }) => {
      const earlier =
        idempotency && changeAnswer<Rotation>(book, applicationId, credential.mode, idempotency);
      if (earlier) return { ...earlier, replayed: true };
      const end = book.clock.now() + graceSeconds * 1_000;
      const replaced = own(applicationId)
        .filter(([, one]) => one.mode === credential.mode && isOpen(one))
        .map(([key, one]) => {
          const ending = { ...one, endedAt: Math.min(one.endedAt ?? end, end) };
          book.credentials.set(key, ending);
          return toSummary(ending);
        });
      const id = nextId(book);
      const applicationName = book.applications.get(applicationId)?.name ?? "";
      const fresh = { id, applicationId, applicationName, createdAt: book.clock.now(), endedAt: null };
      book.credentials.set(keyOf(credential.keyDigest), { ...credential, ...fresh, revokedAt: null });
      book.audit.push({ actor, action: "credential.rotated", detail: { credentialId: id }, applicationId });
      const rotation = { id, replaced, replayed: false };
      if (idempotency)
        keepAnswer(book, applicationId, credential.mode, { key: idempotency, resource: rotation });
      return rotation;
    },
    revoke: async (applicationId, credentialId, actor) => {
      const [key, known] = own(applicationId).find(([, { id }]) => id === credentialId) ?? [];
      if (key === undefined || !known) return null;
      if (known.revokedAt !== null) return toSummary(known);
      const revoked = { ...known, revokedAt: book.clock.now() };
      book.credentials.set(key, revoked);
      book.audit.push({ actor, action: "credential.revoked", detail: { credentialId }, applicationId });
      return toSummary(revoked);
    },
  };
}

function toSummary(one: StoredCredential): CredentialSummary {
  const { id, mode, keyLast4, createdAt, endedAt: expiresAt, revokedAt } = one;
  return { id, mode, keyLast4, createdAt, expiresAt, revokedAt };
}
