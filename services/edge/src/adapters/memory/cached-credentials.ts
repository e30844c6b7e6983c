import type { Clock } from "@oi/platform/service/clock";
import type { Caller, Credential, Credentials, Origin } from "../../application/ports.ts";
import { digestOf } from "./credential-digest.ts";

/**
 * Remembers who a credential belongs to for `seconds`, which is therefore how long a revocation may take. Failures are
 * not remembered; requests that miss together ask once.
 */
export function cachedCredentials(options: {
  readonly credentials: Credentials;
  readonly clock: Clock;
  readonly seconds: number;
  readonly maxEntries: number;
}): Credentials {
  const { credentials, clock, seconds, maxEntries } = options;
  const known = new Map<string, { readonly caller: Caller; readonly askedAt: number }>();
  const asking = new Map<string, Promise<Caller>>();

  const remembered = (digest: string): Caller | null => {
    const entry = known.get(digest);
    if (!entry) return null;
    const age = clock.now() - entry.askedAt;
    // A clock that was set back must not lengthen a credential's life.
    if (age >= 0 && age < seconds * 1_000) return entry.caller;
    known.delete(digest);
    return null;
  };

  const remember = (digest: string, caller: Caller, askedAt: number): void => {
    known.delete(digest);
    const [oldest] = known.keys();
    if (known.size >= maxEntries && oldest !== undefined) known.delete(oldest);
    known.set(digest, { caller, askedAt });
  };

  const ask = async (digest: string, credential: Credential, origin: Origin): Promise<Caller> => {
    const askedAt = clock.now();
    try {
      const caller = await credentials.authenticate(credential, origin);
      remember(digest, caller, askedAt);
      return caller;
    } finally {
      asking.delete(digest);
    }
  };

  return {
    authenticate: async (credential, origin) => {
      const digest = digestOf(credential);
      const caller = remembered(digest);
      if (caller) return caller;
      const pending = asking.get(digest) ?? ask(digest, credential, origin);
      asking.set(digest, pending);
      return await pending;
    },
  };
}
