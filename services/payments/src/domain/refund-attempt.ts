import type { Instant } from "@oi/kernel/instant";
import type { AccountId } from "./gateway.ts";
import type { Refund } from "./refund.ts";

/**
 * One try to have a refund executed. UNKNOWN exists here, never on a refund: the gateway may have executed the call,
 * so it is never repeated. A try that was SENDING when its process died is as unknown as one whose answer was lost.
 */
export type RefundAttemptState =
  | "READY"
  | "SENDING"
  | "ACCEPTED"
  | "SUCCEEDED"
  | "REJECTED"
  | "UNKNOWN"
  | "NOT_EXECUTED";

export type RefundAttempt = {
  /** 0 until it is stored. */
  readonly id: number;
  readonly no: number;
  readonly account: AccountId;
  /** Invented and stored before the gateway is called, never used for another try. */
  readonly merchantRefundRef: string;
  readonly state: RefundAttemptState;
  readonly gatewayRefundId: string | null;
  readonly reason: string | null;
  readonly acceptedAt: Instant | null;
  /** When the worker looks at it next; null when there is nothing to do. */
  readonly nextAt: Instant | null;
  readonly createdAt: Instant;
};

export function newRefundAttempt(
  refund: Pick<Refund, "reference">,
  no: number,
  account: AccountId,
  now: Instant,
): RefundAttempt {
  return {
    id: 0,
    no,
    account,
    merchantRefundRef: `${refund.reference}-${no}`,
    state: "READY",
    gatewayRefundId: null,
    reason: null,
    acceptedAt: null,
    nextAt: now,
    createdAt: now,
  };
}
