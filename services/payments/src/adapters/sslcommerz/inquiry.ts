import type { AttemptRef, PaidEvidence, PaymentVerdict, Unknown } from "../../domain/gateway.ts";
import type { GatewayCaller } from "./caller.ts";
import { readValidation, type Validation } from "./validation.ts";
import { readQuery } from "./verdict.ts";

/** More charges than this for one session have never been reported; the rest wait for the next inquiry. */
const MAX_VALIDATIONS = 5;

async function validate(call: GatewayCaller, valId: string, signal: AbortSignal): Promise<Validation> {
  return readValidation(await call({ operation: "validate", params: { val_id: valId } }, signal), valId);
}

/**
 * Asks by our own reference and validates every charge found. A charge whose validation is denied stands as
 * `validated: false`. Where the validation gives no answer at all, nothing is decided, unless another charge of the
 * same session is certain already.
 */
export async function inquire(
  call: GatewayCaller,
  { merchantRef }: AttemptRef,
  signal: AbortSignal,
): Promise<PaymentVerdict> {
  const answer = await call({ operation: "query", params: { tran_id: merchantRef } }, signal);
  if (!answer.answered) return answer.unknown;
  const found = readQuery(answer);
  const payments: PaidEvidence[] = [];
  let doubt: Unknown | null = null;
  for (const [i, evidence] of found.paid.entries()) {
    const validation: Validation =
      i < MAX_VALIDATIONS ? await validate(call, evidence.gatewayRef, signal) : { kind: "denied" };
    if (validation.kind === "unknown") doubt ??= validation.unknown;
    payments.push(validation.kind === "paid" ? validation.evidence : evidence);
  }
  const [first, ...rest] = payments;
  if (first === undefined) return found.otherwise;
  if (doubt !== null && !payments.some((one) => one.validated)) return doubt;
  return { outcome: "paid", payments: [first, ...rest] };
}

/** Settles a claim: validation by `val_id`, and where that is denied, the inquiry, which finds the true `val_id`. */
export async function confirm(
  call: GatewayCaller,
  attempt: AttemptRef,
  valId: string,
  signal: AbortSignal,
): Promise<PaymentVerdict> {
  if (!/^[\x21-\x7e]{1,50}$/.test(valId)) return inquire(call, attempt, signal);
  const validation = await validate(call, valId, signal);
  if (validation.kind === "paid") return { outcome: "paid", payments: [validation.evidence] };
  return validation.kind === "unknown" ? validation.unknown : inquire(call, attempt, signal);
}
