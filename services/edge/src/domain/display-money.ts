import { displayMoney } from "@oi/kernel/display-money";
import { localDigits } from "./bangla-digits.ts";
import type { Lang } from "./language.ts";

/** An amount as people read it, in the digits of their language. Raises VALIDATION_ERROR for an unknown currency. */
export function formatMoney(amountMinor: bigint, currency: string, lang: Lang): string {
  return localDigits(displayMoney({ amountMinor, currency }), lang);
}
