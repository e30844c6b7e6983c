import { DomainError } from "@oi/kernel/errors";
import type { Caller, Credentials, Trace } from "./ports.ts";

function unauthorized(): DomainError {
  return new DomainError("UNAUTHORIZED", "The API key or the API secret is missing or wrong.");
}

/** A header that cannot be a credential is not worth a call. */
function isPlausible(text: string | undefined, maxLength: number): text is string {
  return text !== undefined && text.length <= maxLength && /^[\x21-\x7e]+$/.test(text);
}

/** Says who is calling. Every mistake gives the same UNAUTHORIZED. Also raises SERVICE_UNAVAILABLE, DEADLINE_EXCEEDED. */
export async function authenticateCaller(
  { credentials }: { readonly credentials: Credentials },
  headers: { readonly apiKey: string | undefined; readonly apiSecret: string | undefined },
  trace: Trace,
): Promise<Caller> {
  const { apiKey, apiSecret } = headers;
  if (!isPlausible(apiKey, 128) || !isPlausible(apiSecret, 256)) throw unauthorized();
  try {
    return await credentials.authenticate({ apiKey, apiSecret }, trace);
  } catch (error) {
    const known = error instanceof DomainError ? error.reason : null;
    throw known === "UNAUTHORIZED" || known === "VALIDATION_ERROR" ? unauthorized() : error;
  }
}
