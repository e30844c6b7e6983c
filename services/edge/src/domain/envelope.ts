import type { DomainError, ErrorReason } from "@oi/kernel/errors";
import { formatInstant, type Instant } from "@oi/kernel/instant";

export type Pagination = {
  readonly page: number;
  readonly size: number;
  readonly totalElements: number;
  readonly totalPages: number;
};

/** The shape of every JSON answer. The order of the keys is part of a replay's bytes, so it never changes. */
export type Envelope = {
  readonly data: unknown;
  readonly meta: {
    readonly success: boolean;
    readonly message: string | null;
    readonly errorCode: ErrorReason | null;
    readonly timestamp: string;
    readonly requestId: string;
  };
  readonly pagination: Pagination | null;
};

/** Whose answer it is and when it was given. A replay carries those of the first answer. */
export type Stamp = { readonly at: Instant; readonly requestId: string };

export function successEnvelope(
  data: unknown,
  { at, requestId }: Stamp,
  pagination: Pagination | null = null,
): Envelope {
  return {
    data,
    meta: { success: true, message: null, errorCode: null, timestamp: formatInstant(at), requestId },
    pagination,
  };
}

/** What is wrong with our own side stays there: the public reads one fixed sentence. */
function publicMessage({ reason, message }: DomainError, link: string | null): string {
  const sentence = reason === "INTERNAL_ERROR" ? "Something went wrong on our side." : message;
  if (link === null) return sentence;
  return `${sentence}${/[.!?]$/.test(sentence) ? "" : "."} See ${link}`;
}

/** `link`: where the reason is explained. */
export function failureEnvelope(
  error: DomainError,
  { at, requestId }: Stamp,
  link: string | null = null,
): Envelope {
  const names = Object.keys(error.fields);
  return {
    data: error.reason === "VALIDATION_ERROR" && names.length > 0 ? error.fields : null,
    meta: {
      success: false,
      message: publicMessage(error, link),
      errorCode: error.reason,
      timestamp: formatInstant(at),
      requestId,
    },
    pagination: null,
  };
}

export function pagination(page: number, size: number, totalElements: number): Pagination {
  return { page, size, totalElements, totalPages: Math.ceil(totalElements / size) };
}
