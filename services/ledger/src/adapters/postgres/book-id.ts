import type { Scope } from "@oi/kernel/scope";

/** The sign is the mode, so that no key of one mode can name a row of the other. */
export function bookId({ applicationId, mode }: Scope): string {
  return String(mode === "LIVE" ? applicationId : -applicationId);
}
