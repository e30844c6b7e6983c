import { foldDigits } from "@oi/kernel/digits";
import { invalid } from "@oi/kernel/errors";
import type { Mode } from "@oi/kernel/scope";

/** Spaces, dots, hyphens and brackets are how people write numbers; what counts is 7 to 15 digits (ITU-T E.164). */
export function normalisePhone(text: string): string {
  const phone = foldDigits(text).replace(/[\s.()-]/g, "");
  if (!/^\+?\d{7,15}$/.test(phone))
    throw invalid({ customerPhone: "must be a telephone number of 7 to 15 digits" });
  return phone;
}

/** Absolute http(s), LIVE https alone; no user information, no backslash that browsers read as a slash. */
export function checkRedirectUrl(text: string, mode: Mode): string {
  const plain = /^https?:\/\/([^\s/?#\\@]+)([/?#][^\s\\]*)?$/i.test(text);
  if (!plain || text.length > 2_048) {
    throw invalid({
      redirectUrl: "must be an absolute http(s) URL without user information, at most 2048 characters",
    });
  }
  if (mode === "LIVE" && !/^https:/i.test(text)) {
    throw invalid({ redirectUrl: "must begin with https:// for a LIVE payment" });
  }
  return text;
}
