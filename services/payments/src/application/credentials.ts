import { notFound } from "@oi/kernel/errors";
import type { Instant } from "@oi/kernel/instant";
import type { Mode } from "@oi/kernel/scope";
import type { Credential, IssuedCredential } from "../domain/application.ts";
import type { ApplicationStore, CredentialVault, IdempotencyKey } from "./ports.ts";

/** What is known of a credential; nothing in it opens anything. */
export type CredentialSummary = {
  readonly id: number;
  readonly mode: Mode;
  readonly keyLast4: string;
  readonly createdAt: Instant;
  readonly expiresAt: Instant | null;
  readonly revokedAt: Instant | null;
};

/** `replayed`: the key was answered before, and the credential that was given is stored nowhere. */
export type Rotation = {
  readonly id: number;
  readonly replaced: readonly CredentialSummary[];
  readonly replayed: boolean;
};

export interface CredentialStore {
  /** Newest first. */
  list(applicationId: number, limit: number): Promise<readonly CredentialSummary[]>;
  /**
   * Stores the new credential and gives those of the same mode that open something an end, in one statement with the
   * audit row and the answer to its key. An end that is sooner stays. Raises IDEMPOTENCY_KEY_CONFLICT,
   * IDEMPOTENCY_IN_PROGRESS.
   */
  rotate(
    applicationId: number,
    credential: Credential,
    by: {
      readonly graceSeconds: number;
      readonly actor: string;
      readonly idempotency: IdempotencyKey | null;
    },
  ): Promise<Rotation>;
  /** Ends a credential at once; null when the application has none of that id. Revoked ones stay as they are. */
  revoke(applicationId: number, credentialId: number, actor: string): Promise<CredentialSummary | null>;
}

type Ports = {
  readonly applications: ApplicationStore;
  readonly credentials: CredentialStore;
  readonly vault: CredentialVault;
};

const LIST_LIMIT = 200;
const DAY_SECONDS = 86_400;

export type Credentials = {
  /** Raises RESOURCE_NOT_FOUND. */
  list(applicationId: number): Promise<readonly CredentialSummary[]>;
  /**
   * Issues a credential at once; those it replaces open for a day more, or as long as is said. A repeat of the key is
   * answered without key and secret, which are kept nowhere. Raises RESOURCE_NOT_FOUND, IDEMPOTENCY_KEY_CONFLICT.
   */
  rotate(
    wish: { readonly applicationId: number; readonly mode: Mode; readonly graceSeconds: number | null },
    actor: string,
    idempotency?: IdempotencyKey | null,
  ): Promise<{
    readonly issued: IssuedCredential & { readonly id: number };
    readonly replaced: readonly CredentialSummary[];
    readonly replayed: boolean;
  }>;
  /** Raises RESOURCE_NOT_FOUND. */
  revoke(applicationId: number, credentialId: number, actor: string): Promise<CredentialSummary>;
};

/** What an operator does with an application's credentials. */
export function manageCredentials({ applications, credentials, vault }: Ports): Credentials {
  const check = async (applicationId: number): Promise<void> => {
    if (!(await applications.byId(applicationId))) throw notFound("Application");
  };
  return {
    list: async (applicationId) => {
      await check(applicationId);
      return credentials.list(applicationId, LIST_LIMIT);
    },
    rotate: async ({ applicationId, mode, graceSeconds }, actor, idempotency = null) => {
      await check(applicationId);
      const { credential, apiKey, apiSecret } = vault.issue(mode);
      const by = { graceSeconds: graceSeconds ?? DAY_SECONDS, actor, idempotency };
      const { id, replaced, replayed } = await credentials.rotate(applicationId, credential, by);
      const pair = replayed ? { apiKey: "", apiSecret: "" } : { apiKey, apiSecret };
      return { issued: { id, mode, ...pair }, replaced, replayed };
    },
    revoke: async (applicationId, credentialId, actor) => {
      const revoked = await credentials.revoke(applicationId, credentialId, actor);
      if (!revoked) throw notFound("Credential");
      return revoked;
    },
  };
}
