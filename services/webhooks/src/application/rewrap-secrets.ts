import type { SecretBox, SecretContext, SecretShelf, ShelvedSecret } from "./ports.ts";

const BATCH = 200;

/** `failed` do not open under any key and stay as they are: they are `endpoint/version` each. */
export type Rewrapped = { readonly moved: number; readonly failed: readonly string[] };

export type RewrapSecrets = () => Promise<Rewrapped>;

/**
 * Moves every secret to the key that seals today, so that older keys can be taken away. Each row moves on its own and
 * only from what was read: a crash in the middle, or a second process at the same work, changes nothing about the end.
 */
export function createRewrapSecrets({
  shelf,
  secretBox,
}: {
  readonly shelf: SecretShelf;
  readonly secretBox: SecretBox;
}): RewrapSecrets {
  const open = (secret: ShelvedSecret): string | null => {
    try {
      return secretBox.open(secret.sealed, secret);
    } catch {
      return null;
    }
  };
  return async () => {
    let moved = 0;
    const failed: string[] = [];
    for (let after: SecretContext | null = null; ; ) {
      const batch: readonly ShelvedSecret[] = await shelf.sealedByOthers(secretBox.kekId, {
        after,
        limit: BATCH,
      });
      for (const secret of batch) {
        const plain = open(secret);
        if (plain === null) failed.push(`${secret.endpointId}/${secret.version}`);
        else if (await shelf.replace(secret, secretBox.seal(plain, secret))) moved += 1;
      }
      after = batch.at(-1) ?? null;
      if (after === null || batch.length < BATCH) return { moved, failed };
    }
  };
}
