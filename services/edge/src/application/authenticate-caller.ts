import { DomainError } from "@oi/kernel/errors";
import type { Caller, Credential, Credentials, Origin } from "./ports.ts";

export function unauthorized(): DomainError {
  return new DomainError("UNAUTHORIZED", "The API key or the API secret is missing or wrong.");
}

/** A header that cannot be a credential is not worth a call. */
function isPlausible(text: string | undefined, maxLength: number): text is string {
  return text !== undefined && text.length <= maxLength && /^[\x21-\x7e]+$/.test(text);
}

/** A credential worth asking about, or null. */
export function readCredential(headers: {
  readonly apiKey: string | undefined;
  readonly apiSecret: string | undefined;
}): Credential | null {
  const { apiKey, apiSecret } = headers;
  return isPlausible(apiKey, 128) && isPlausible(apiSecret, 256) ? { apiKey, apiSecret } : null;
}

/**
 * Says who is calling. Every mistake gives the same UNAUTHORIZED. Also raises RATE_LIMITED, SERVICE_UNAVAILABLE,
 * DEADLINE_EXCEEDED.
 */
export async function authenticateCaller(
  { credentials }: { readonly credentials: Credentials },
  credential: Credential,
  origin: Origin,
): Promise<Caller> {
  try {
    return await credentials.authenticate(credential, origin);
  } catch (error) {
    const known = error instanceof DomainError ? error.reason : null;
    throw known === "UNAUTHORIZED" || known === "VALIDATION_ERROR" ? unauthorized() : error;
  }
}
