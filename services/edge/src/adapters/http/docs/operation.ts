import type { ErrorReason } from "@oi/kernel/errors";
import type { TSchema } from "typebox";

export type Parameter = {
  readonly description: string;
  readonly schema: object;
  readonly example: string | number;
  /** Given for a header; a path's and a query's are known from the route. */
  readonly in?: "header";
};

export type Operation = {
  readonly operationId: string;
  readonly tag: string;
  readonly summary: string;
  readonly description: string;
  readonly parameters?: Readonly<Record<string, Parameter>>;
  /** `type` when the route itself does not judge what is inside. */
  readonly body?: { readonly type?: string; readonly example: unknown };
  readonly answer: {
    readonly status: 200 | 201 | 303;
    readonly description: string;
    readonly json?: { readonly schema: TSchema; readonly example: unknown };
    readonly html?: string;
    /** An answer that goes on: server-sent events. */
    readonly events?: string;
    readonly location?: string;
  };
  readonly errors: readonly ErrorReason[];
};

export const ALWAYS: readonly ErrorReason[] = [
  "VALIDATION_ERROR",
  "RATE_LIMITED",
  "INTERNAL_ERROR",
  "SERVICE_UNAVAILABLE",
  "DEADLINE_EXCEEDED",
];
export const MERCHANT: readonly ErrorReason[] = ["UNAUTHORIZED", ...ALWAYS];
export const BODY: readonly ErrorReason[] = ["PAYLOAD_TOO_LARGE", "UNSUPPORTED_MEDIA_TYPE"];

export const PAYMENT_ID: Parameter = {
  description: "The payment's id.",
  schema: { type: "integer", minimum: 1, maximum: Number.MAX_SAFE_INTEGER },
  example: 100,
};

export const IDEMPOTENCY_KEY: Parameter = {
  in: "header",
  description:
    "Makes the request safe to repeat for 72 hours: the same key and body get the same answer, marked Idempotent-Replayed.",
  schema: { type: "string", minLength: 1, maxLength: 255 },
  example: "order-1001",
};
