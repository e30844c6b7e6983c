import type { Scope } from "@oi/kernel/scope";
import type { NewRefund, PublicRefund, RefundQuery } from "../domain/refund.ts";
import type { FirstAnswer, Trace } from "./ports.ts";

/** A refund as it was first answered. */
export type CreatedRefund = FirstAnswer & { readonly refund: PublicRefund };

export interface Refunds {
  /**
   * Raises VALIDATION_ERROR, RESOURCE_NOT_FOUND, INVALID_OPERATION_STATE (not paid, or more than can be refunded),
   * IDEMPOTENCY_KEY_CONFLICT, IDEMPOTENCY_IN_PROGRESS, SERVICE_UNAVAILABLE, DEADLINE_EXCEEDED. An empty key makes a
   * refund every time.
   */
  create(
    scope: Scope,
    paymentId: number,
    refund: NewRefund,
    idempotencyKey: string,
    trace: Trace,
  ): Promise<CreatedRefund>;
  /** Raises RESOURCE_NOT_FOUND, SERVICE_UNAVAILABLE, DEADLINE_EXCEEDED. */
  byId(scope: Scope, id: number, trace: Trace): Promise<PublicRefund>;
  /** Raises VALIDATION_ERROR, RESOURCE_NOT_FOUND, SERVICE_UNAVAILABLE, DEADLINE_EXCEEDED. */
  ofPayment(
    scope: Scope,
    paymentId: number,
    query: RefundQuery,
    trace: Trace,
  ): Promise<{ readonly refunds: readonly PublicRefund[]; readonly totalElements: number }>;
}
