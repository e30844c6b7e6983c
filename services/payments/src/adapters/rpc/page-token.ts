import type { PageTokens } from "@oi/platform/rpc/page-token";
import { type ListPaymentsRequest, ListPaymentsRequestSchema } from "@oi/proto/payments/v1/payments_service";

/** How many payments the request's token passes over. Raises VALIDATION_ERROR for a token that does not belong to it. */
export function readSkip(tokens: PageTokens, request: ListPaymentsRequest): number {
  return Number(tokens.read(ListPaymentsRequestSchema, request) ?? 0);
}

/** The token with which the same request passes over `skip` payments. */
export function writeSkip(tokens: PageTokens, request: ListPaymentsRequest, skip: number): string {
  return tokens.write(ListPaymentsRequestSchema, request, String(skip));
}
