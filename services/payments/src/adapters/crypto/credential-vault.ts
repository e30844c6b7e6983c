import { createHash, createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import type { Secret } from "@oi/platform/config/env";
import type { CredentialVault } from "../../application/ports.ts";

export type Pepper = { readonly id: string; readonly key: string };

/** 192 random bits: no dictionary holds them, so a slow hash would only slow us down. */
const SECRET_BYTES = 24;

/**
 * Makes credentials and judges them. Keys are found by their SHA-256, secrets are kept as HMAC-SHA256 under a
 * pepper; the first pepper makes new ones, all of them judge old ones.
 */
export function credentialVault(peppers: readonly [Pepper, ...Pepper[]]): CredentialVault {
  const [current] = peppers;
  const mac = (pepper: Pepper, secret: string): Buffer =>
    createHmac("sha256", pepper.key).update(secret).digest();
  const digestOf = (apiKey: string): Buffer => createHash("sha256").update(apiKey).digest();
  return {
    digestOf,
    issue: (mode) => {
      const prefix = mode === "LIVE" ? "oi_live" : "oi_test";
      const apiKey = `${prefix}_${randomBytes(18).toString("hex")}`;
      const apiSecret = `${prefix}_secret_${randomBytes(SECRET_BYTES).toString("hex")}`;
      const credential = {
        mode,
        keyDigest: digestOf(apiKey),
        secretMac: mac(current, apiSecret),
        pepperId: current.id,
        keyLast4: apiKey.slice(-4),
      };
      return { credential, apiKey, apiSecret };
    },
    matches: (found, apiSecret) => {
      const pepper = peppers.find(({ id }) => id === found?.pepperId) ?? current;
      const given = mac(pepper, apiSecret);
      // An unknown key costs the same work: it is compared with a digest that nothing matches.
      const stored = found?.secretMac ?? randomBytes(given.length);
      return timingSafeEqual(given, stored) && found !== null;
    },
  };
}

/** `id:key` as the configuration has them. */
export function readPeppers([first, ...others]: readonly [Secret, ...Secret[]]): [Pepper, ...Pepper[]] {
  return [readPepper(first), ...others.map(readPepper)];
}

function readPepper(secret: Secret): Pepper {
  const text = secret.reveal();
  const colon = text.indexOf(":");
  return { id: text.slice(0, colon), key: text.slice(colon + 1) };
}
