import { invalid } from "@oi/kernel/errors";
import { GATEWAY_PATTERN, LATE_MONEY, MERCHANT_PAYABLE, OPENING, suspense, WRITE_OFF } from "./chart.ts";
import type { Leg } from "./draft.ts";

/** Legs that have a name; what each needs beside an amount is part of it. */
export type AdjustmentTemplate = {
  readonly currency: string;
  readonly amountMinor: bigint;
} & (
  | { readonly name: "release-late-money"; readonly ref: string }
  | { readonly name: "accept-mismatch"; readonly ref: string; readonly gateway: string }
  | { readonly name: "write-off" | "opening"; readonly path: string; readonly ref: string | null }
);

/** Raises VALIDATION_ERROR for a gateway that cannot be one. The legs are checked like any others. */
export function templateLegs(template: AdjustmentTemplate): readonly Leg[] {
  const { currency, amountMinor } = template;
  const pair = (debit: Pick<Leg, "path" | "ref">, credit: Pick<Leg, "path" | "ref">): readonly Leg[] => [
    { ...debit, currency, amountMinor },
    { ...credit, currency, amountMinor: -amountMinor },
  ];
  switch (template.name) {
    case "release-late-money":
      return pair({ path: LATE_MONEY, ref: template.ref }, { path: MERCHANT_PAYABLE, ref: null });
    case "accept-mismatch":
      if (!GATEWAY_PATTERN.test(template.gateway))
        throw invalid({ "template.gateway": "must be a gateway's name in lower case" });
      return pair(
        { path: suspense(template.gateway), ref: template.ref },
        { path: MERCHANT_PAYABLE, ref: null },
      );
    case "write-off":
      return pair({ path: WRITE_OFF, ref: null }, { path: template.path, ref: template.ref });
    case "opening":
      return pair({ path: template.path, ref: template.ref }, { path: OPENING, ref: null });
  }
}
