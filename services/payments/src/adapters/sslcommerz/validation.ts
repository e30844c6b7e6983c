import type { PaidEvidence, Unknown } from "../../domain/gateway.ts";
import { type Answer, unknown } from "./answer.ts";
import { readConnect } from "./connect-status.ts";
import { readEvidence } from "./evidence.ts";
import { readWord } from "./fields.ts";

/** `denied` is no failure of the payment: it also happens for paid ones. Then the transaction query decides. */
export type Validation =
  | { readonly kind: "paid"; readonly evidence: PaidEvidence }
  | { readonly kind: "denied" }
  | { readonly kind: "unknown"; readonly unknown: Unknown };

const doubt = (value: Unknown): Validation => ({ kind: "unknown", unknown: value });

/** VALID (first call) and VALIDATED (every later call) both mean paid. */
export function readValidation(answer: Answer, valId: string): Validation {
  if (!answer.answered) {
    const isServerTrouble = answer.status !== null && answer.status >= 500;
    const isPage = answer.unknown.cause === "not_json";
    return isServerTrouble || isPage ? { kind: "denied" } : doubt(answer.unknown);
  }
  const { fields } = answer;
  const refusal = readConnect(fields, false);
  if (refusal !== null) return doubt(refusal);
  const status = readWord(fields, "status");
  if (status === "INVALID_TRANSACTION") return { kind: "denied" };
  if (status !== "VALID" && status !== "VALIDATED") {
    return doubt(unknown(status === "" ? "contradiction" : "unlisted_status"));
  }
  const evidence = readEvidence(fields, true);
  const isAboutIt = evidence !== null && evidence.gatewayRef === valId;
  return isAboutIt ? { kind: "paid", evidence } : doubt(unknown("contradiction"));
}
