import { DomainError, VersionConflict } from "@oi/kernel/errors";
import type { ApplicationStore, Registration } from "../../application/ports.ts";
import type { Application, Credential, Settings } from "../../domain/application.ts";
import { changeAnswer, keepAnswer, keyOf, type MemoryBook, nextId } from "./memory-book.ts";

/** Settings belong to no mode. */
const NO_MODE = "-";

/** Applications and credentials in memory. */
export function memoryApplicationStore(book: MemoryBook): ApplicationStore {
  return {
    register: async (settings, credentials, request) => register(book, settings, credentials, request),
    byId: async (id) => book.applications.get(id) ?? null,
    commit: async ({ application, expectedVersion, event, actor, answer }) => {
      if (book.applications.get(application.id)?.version !== expectedVersion) {
        throw new VersionConflict("the application changed meanwhile");
      }
      if (answer) keepAnswer(book, application.id, NO_MODE, answer);
      book.applications.set(application.id, application);
      book.events.push(event);
      const detail = { version: application.version };
      book.audit.push({
        actor,
        action: "application.settings_changed",
        detail,
        applicationId: application.id,
      });
    },
    answered: async (applicationId, key) => changeAnswer<Application>(book, applicationId, NO_MODE, key),
    credentialByDigest: async (digest) => {
      const found = book.credentials.get(keyOf(digest));
      if (!found || found.revokedAt !== null || (found.endedAt !== null && found.endedAt <= book.clock.now()))
        return null;
      const applicationName = book.applications.get(found.applicationId)?.name ?? found.applicationName;
      const { id, applicationId, mode, secretMac, pepperId } = found;
      return { id, applicationId, applicationName, mode, secretMac, pepperId };
    },
  };
}

function register(
  book: MemoryBook,
  settings: Settings,
  credentials: readonly Credential[],
  { key, fingerprint, actor }: Parameters<ApplicationStore["register"]>[2],
): Registration {
  const earlier = key === null ? undefined : book.registrations.get(key);
  if (earlier) {
    const application = book.applications.get(earlier.applicationId);
    if (!application || earlier.fingerprint !== keyOf(fingerprint)) {
      throw new DomainError(
        "IDEMPOTENCY_KEY_CONFLICT",
        "This idempotency key registered another application.",
      );
    }
    return { application, replayed: true, credentialIds: [] };
  }
  const now = book.clock.now();
  const application: Application = {
    ...settings,
    id: nextId(book),
    version: 1,
    createdAt: now,
    updatedAt: now,
  };
  book.applications.set(application.id, application);
  const detail = { name: settings.name };
  book.audit.push({ actor, action: "application.registered", detail, applicationId: application.id });
  if (key !== null)
    book.registrations.set(key, { fingerprint: keyOf(fingerprint), applicationId: application.id });
  const credentialIds = credentials.map((credential) => {
    const id = nextId(book);
    const { id: applicationId, name: applicationName } = application;
    book.credentials.set(keyOf(credential.keyDigest), {
      ...credential,
      id,
      applicationId,
      applicationName,
      createdAt: now,
      endedAt: null,
      revokedAt: null,
    });
    return id;
  });
  return { application, replayed: false, credentialIds };
}
