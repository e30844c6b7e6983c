import type { Instant } from "@oi/kernel/instant";
import { revoke, rotate } from "../domain/rotation.ts";
import type { ChangeDesk, Once } from "./admin-ports.ts";
import { endpointOf } from "./manage-endpoint.ts";
import type { SecretBox, WebhookSigner } from "./ports.ts";
import { readableSecret, type SecretReader } from "./readable-secret.ts";

export type ManageSecrets = {
  rotate(
    once: Once,
    id: number,
    overlapSeconds: number,
  ): Promise<{ secret: string | null; version: number; previousExpiresAt: Instant | null }>;
  revoke(once: Once, id: number, version: number): Promise<void>;
};

/** Secrets of any endpoint. Each method may raise what its RPC documents. */
export function manageSecrets(ports: {
  readonly desk: ChangeDesk;
  readonly secrets: SecretReader;
  readonly secretBox: SecretBox;
  readonly signer: WebhookSigner;
}): ManageSecrets {
  const { desk, secretBox, signer } = ports;
  return {
    rotate: async (once, id, overlapSeconds) => {
      const secret = signer.newSecret();
      const done = await desk.once(once, async (at) => {
        await endpointOf(at, id);
        const { version, previous } = rotate(await at.secrets(id), at.now, overlapSeconds);
        await at.addSecret(id, version, secretBox.seal(secret, { endpointId: id, version, algorithm: "v1" }));
        if (previous) await at.endSecret(id, previous.version, previous.expiresAt);
        return { version, previousExpiresAt: previous?.expiresAt ?? null };
      });
      const stored = {
        applicationId: once.scope.applicationId,
        endpointId: id,
        version: done.value.version,
      };
      return { ...done.value, secret: await readableSecret(ports, done, stored, secret) };
    },
    revoke: async (once, id, version) => {
      await desk.once(once, async (at) => {
        await endpointOf(at, id);
        const { prolonged } = revoke(await at.secrets(id), version, at.now);
        await at.endSecret(id, version, null);
        if (prolonged !== null) await at.prolongSecret(id, prolonged);
        return null;
      });
    },
  };
}
