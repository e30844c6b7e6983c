import { DomainError, invalid } from "@oi/kernel/errors";
import type { Instant } from "@oi/kernel/instant";
import { MAX_AMOUNT_MINOR, type Money } from "@oi/kernel/money";
import type { Mode } from "@oi/kernel/scope";

export type LatePaymentPolicy = "REFUND" | "HOLD";

export type Settings = {
  readonly name: string;
  readonly webhookUrl: string | null;
  readonly receiptsEnabled: boolean;
  readonly refundApprovalThresholdMinor: bigint | null;
  readonly minAmountMinor: bigint | null;
  readonly maxAmountMinor: bigint | null;
  readonly latePaymentPolicy: LatePaymentPolicy;
};

export type Application = Settings & {
  readonly id: number;
  readonly version: number;
  readonly createdAt: Instant;
  readonly updatedAt: Instant;
};

/** A credential as it is stored: nothing in it opens anything. */
export type Credential = {
  readonly mode: Mode;
  /** SHA-256 of the key: the look-up handle. */
  readonly keyDigest: Uint8Array;
  /** HMAC-SHA256(pepper, secret). */
  readonly secretMac: Uint8Array;
  readonly pepperId: string;
  readonly keyLast4: string;
};

/** A credential at the only moment it is readable. */
export type IssuedCredential = { readonly mode: Mode; readonly apiKey: string; readonly apiSecret: string };

export const DEFAULT_SETTINGS: Omit<Settings, "name" | "webhookUrl"> = {
  receiptsEnabled: true,
  refundApprovalThresholdMinor: null,
  minAmountMinor: null,
  maxAmountMinor: null,
  latePaymentPolicy: "REFUND",
};

/** Applies the wanted settings; an absent one stays. Raises VALIDATION_ERROR when they do not fit together. */
export function changeSettings(
  application: Application,
  wanted: Partial<Settings>,
  now: Instant,
): Application {
  const changed: Application = {
    ...application,
    ...wanted,
    version: application.version + 1,
    updatedAt: now,
  };
  checkSettings(changed);
  return changed;
}

export function checkSettings({ minAmountMinor: min, maxAmountMinor: max, webhookUrl }: Settings): void {
  for (const [field, amount] of Object.entries({ minAmountMinor: min, maxAmountMinor: max })) {
    if (amount !== null && amount > MAX_AMOUNT_MINOR)
      throw invalid({ [field]: `must be at most ${MAX_AMOUNT_MINOR}` });
  }
  if (min !== null && max !== null && min > max)
    throw invalid({ minAmountMinor: "must not exceed maxAmountMinor" });
  if (webhookUrl !== null && !/^https?:\/\/[^\s/?#]+/i.test(webhookUrl)) {
    throw invalid({ webhookUrl: "must be an absolute http(s) URL" });
  }
}

/** Raises VALIDATION_ERROR when the application does not take this amount. */
export function checkAmount({ minAmountMinor, maxAmountMinor }: Settings, { amountMinor }: Money): void {
  if (minAmountMinor !== null && amountMinor < minAmountMinor) {
    throw invalid({ amountMinor: `must be at least ${minAmountMinor} for this application` });
  }
  if (maxAmountMinor !== null && amountMinor > maxAmountMinor) {
    throw invalid({ amountMinor: `must be at most ${maxAmountMinor} for this application` });
  }
}

/** The same answer to every mistake, so that nobody learns which half was wrong. */
export function credentialsRefused(): DomainError {
  return new DomainError("UNAUTHORIZED", "The API key or the API secret is missing or wrong.");
}
