import {
  BLOCKED_CODE,
  DEADLINE_CODE,
  DNS_CODE,
  LOCAL_CODE,
  PROXY_TARGET_CODE,
} from "../../domain/classify.ts";

/** A guard of ours that stopped a request; `code` is what the classification reads. */
export class SendFailure extends Error {
  override readonly name = "SendFailure";
  readonly code: string;
  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

export function blocked(host: string): SendFailure {
  return new SendFailure(BLOCKED_CODE, `${host} has an address that is not allowed`);
}

export function unresolved(host: string): SendFailure {
  return new SendFailure(DNS_CODE, `${host} has no address`);
}

export function proxyRefused(target: string): SendFailure {
  return new SendFailure(PROXY_TARGET_CODE, `the proxy could not reach ${target}`);
}

export function ownFault(message: string): SendFailure {
  return new SendFailure(LOCAL_CODE, message);
}

/** The code of an error or of what caused it; a run-out deadline has none of its own. */
export function failureCode(error: unknown): string {
  for (let at: unknown = error; at instanceof Error; at = at.cause) {
    if (at.name === "TimeoutError" || at.name === "AbortError") return DEADLINE_CODE;
    // The parser does not always name what it refused.
    if (at.name === "HTTPParserError") return "HPE_INVALID";
    if ("code" in at && typeof at.code === "string") return at.code;
    // Several addresses were tried at once: the first failure speaks for all.
    if (at instanceof AggregateError && at.errors.length > 0) return failureCode(at.errors[0]);
  }
  return "";
}
