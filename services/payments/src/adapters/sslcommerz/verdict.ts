import type { PaidEvidence, PaymentVerdict, PendingPhase, UnknownCause } from "../../domain/gateway.ts";
import { type Answered, unknown } from "./answer.ts";
import { readConnect } from "./connect-status.ts";
import { readEvidence } from "./evidence.ts";
import { type Fields, readClean, readWord } from "./fields.ts";

type Try =
  | { readonly kind: "paid"; readonly evidence: PaidEvidence }
  | { readonly kind: "pending"; readonly phase: PendingPhase }
  | { readonly kind: "closed"; readonly outcome: "failed" | "cancelled" | "expired"; readonly reason: string }
  | { readonly kind: "unknown"; readonly cause: UnknownCause };

/** The tries of one session: what is paid, to be validated, and the verdict should nothing be. */
type Found = { readonly paid: readonly PaidEvidence[]; readonly otherwise: PaymentVerdict };

/** PROCESSING and the stub INVALID are documented nowhere; integrators report both from the real gateway. */
const PHASES: Readonly<Record<string, PendingPhase>> = {
  UNATTEMPTED: "unattempted",
  PROCESSING: "open",
  PENDING: "in_flight",
  INVALID_TRANSACTION: "absent",
};
const CLOSED = { FAILED: "failed", CANCELLED: "cancelled", EXPIRED: "expired" } as const;

/** In the order of what a later look may still turn into money. */
const PHASE_ORDER: readonly PendingPhase[] = ["in_flight", "open", "unattempted", "absent"];

function readTry(fields: Fields, noneFound: boolean): Try {
  const status = readWord(fields, "status");
  if (status === "VALID" || status === "VALIDATED") {
    const evidence = readEvidence(fields, false);
    return evidence === null ? { kind: "unknown", cause: "contradiction" } : { kind: "paid", evidence };
  }
  if (status === "FAILED" || status === "CANCELLED" || status === "EXPIRED") {
    const error = readClean(fields, "error", 255);
    return { kind: "closed", outcome: CLOSED[status], reason: error === "" ? status : error };
  }
  if (status === "INVALID" && noneFound) return { kind: "pending", phase: "absent" };
  const phase = PHASES[status];
  if (phase !== undefined) return { kind: "pending", phase };
  return { kind: "unknown", cause: status === "" ? "contradiction" : "unlisted_status" };
}

/** What the tries say together when none is paid: doubt first, then hope, and a no only when all of them say no. */
function combine(tries: readonly Try[]): PaymentVerdict {
  const doubt = tries.find((one) => one.kind === "unknown");
  if (doubt !== undefined) return unknown(doubt.cause);
  const phase = PHASE_ORDER.find((wanted) =>
    tries.some((one) => one.kind === "pending" && one.phase === wanted),
  );
  if (phase !== undefined) return { outcome: "pending", phase };
  const last = tries.findLast((one) => one.kind === "closed");
  return last === undefined
    ? { outcome: "pending", phase: "absent" }
    : { outcome: last.outcome, reason: last.reason };
}

/** Reads a transaction query by `tran_id`: one element per try inside the session. */
export function readQuery({ fields, elements }: Answered): Found {
  const refusal = readConnect(fields, true);
  if (refusal !== null) return { paid: [], otherwise: refusal };
  const noneFound = /^0+$/.test(readWord(fields, "no_of_trans_found"));
  if (elements === null && !noneFound) return { paid: [], otherwise: unknown("contradiction") };
  const tries = (elements ?? []).map((element) => readTry(element, noneFound));
  if (tries.length === 0 && !noneFound) return { paid: [], otherwise: unknown("contradiction") };
  const byRef = new Map(
    tries.flatMap((one) => (one.kind === "paid" ? [[one.evidence.gatewayRef, one.evidence]] : [])),
  );
  return { paid: [...byRef.values()], otherwise: combine(tries) };
}
