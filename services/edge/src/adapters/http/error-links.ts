import type { ErrorReason } from "@oi/kernel/errors";

/** Where the error page of this very deployment explains a reason, so that it helps on a closed network too. */
export type ErrorLinks = {
  /** Null when the pages are turned off. */
  of(reason: ErrorReason): string | null;
};

export function errorLinks(publicUrl: () => string, docs: boolean): ErrorLinks {
  return { of: (reason) => (docs ? `${publicUrl()}/docs/errors#${reason}` : null) };
}
