import type { Claim, RawCallback } from "../../domain/gateway.ts";
import { readCharged } from "./evidence.ts";
import { readReference, readWord } from "./fields.ts";
import { readForm } from "./form.ts";
import { checkSignature } from "./signature.ts";

/** The words of an IPN (https://developer.sslcommerz.com/doc/v4/), and those of the query should they ever arrive. */
const SAYS: Readonly<Record<string, Claim["says"]>> = {
  VALID: "paid",
  VALIDATED: "paid",
  FAILED: "failed",
  CANCELLED: "cancelled",
  EXPIRED: "expired",
  UNATTEMPTED: "pending",
  PENDING: "pending",
  PROCESSING: "pending",
};

/** Reads a browser return or an IPN and checks its signature. What it says is a claim, never evidence of money. */
export function readClaim(callback: RawCallback, storePassword: string): Claim {
  const { fields, problem } = readForm(callback);
  const status = readWord(fields, "status");
  const check =
    problem === null
      ? checkSignature(fields, storePassword)
      : ({ signature: "invalid", note: problem } as const);
  return {
    merchantRef: readReference(fields, "tran_id"),
    gatewayRef: readReference(fields, "val_id"),
    accountRef: readReference(fields, "store_id"),
    money: readCharged(fields),
    says: SAYS[status] ?? "unrecognised",
    ...check,
  };
}

/** Reads the references without any credential, so that the attempt, and so the account, can be found. */
export function identifySslcommerz(callback: RawCallback): {
  readonly merchantRef: string | null;
  readonly accountRef: string | null;
} {
  const { fields } = readForm(callback);
  return { merchantRef: readReference(fields, "tran_id"), accountRef: readReference(fields, "store_id") };
}
