import type { Unknown, UnknownCause } from "../../domain/gateway.ts";
import type { Fields } from "./fields.ts";
import { removeSecret } from "./redaction.ts";
import type { HttpReply } from "./transport.ts";

/** What the gateway said: its scalar fields as text, and the entries of `element` where a query has them. */
export type Answered = {
  readonly answered: true;
  readonly fields: Fields;
  readonly elements: readonly Fields[] | null;
};
export type Unanswered = {
  readonly answered: false;
  readonly unknown: Unknown;
  /** Null when no HTTP answer arrived. */
  readonly status: number | null;
};
export type Answer = Answered | Unanswered;

export function unknown(cause: UnknownCause, sent = true, retryAfterMs?: number): Unknown {
  return { outcome: "unknown", cause, sent, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) };
}

/** A longer pause than this would be a fault of theirs; the schedule asks again anyway. */
const MAX_RETRY_AFTER_MS = 300_000;

/** Seconds or an HTTP date (RFC 9110 §10.2.3); undefined when absent or neither. */
export function parseRetryAfter(text: string | null, now: number): number | undefined {
  const value = text?.trim() ?? "";
  const isDate = /^[A-Z][a-z]{2}, .{20,30} GMT$/.test(value);
  const ms = /^[0-9]{1,9}$/.test(value)
    ? Number(value) * 1_000
    : isDate
      ? Date.parse(value) - now
      : Number.NaN;
  return Number.isNaN(ms) ? undefined : Math.min(Math.max(ms, 0), MAX_RETRY_AFTER_MS);
}

/** Numbers keep the digits they were written with: 600.00 must not become 600, nor 0.1 a float. */
function parseJson(text: string): unknown {
  return JSON.parse(text, (_key, value: unknown, context?: { readonly source?: string }) =>
    typeof value === "number" ? (context?.source ?? String(value)) : value,
  );
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** The only fields that are free text of theirs; identifiers and amounts must stay as they are. */
const FREE_TEXTS = ["failedreason", "error", "errorReason"];

function toFields(record: Readonly<Record<string, unknown>>, secret: string): Fields {
  const scalars = Object.entries(record).flatMap(([name, value]): [string, string][] => {
    if (typeof value !== "string") return [];
    return [[name, FREE_TEXTS.includes(name) ? removeSecret(value, secret) : value]];
  });
  return new Map(scalars);
}

/** `element` is an array of tries, and has been seen as a single object. */
function toElements(element: unknown, secret: string): readonly Fields[] | null {
  if (Array.isArray(element)) return element.filter(isRecord).map((one) => toFields(one, secret));
  return isRecord(element) ? [toFields(element, secret)] : null;
}

/** Reads an HTTP answer in the order that keeps a failure page from being taken for an outcome. */
export function readAnswer({ status, retryAfter, body }: HttpReply, now: number, secret: string): Answer {
  const refuse = (cause: UnknownCause, retryAfterMs?: number): Unanswered => ({
    answered: false,
    unknown: unknown(cause, true, retryAfterMs),
    status,
  });
  if (status === 429) return refuse("throttled", parseRetryAfter(retryAfter, now));
  if (status < 200 || status > 299) return refuse("http_status");
  const text = body.trimStart();
  if (!text.startsWith("{") && !text.startsWith("[")) return refuse("not_json");
  try {
    const json = parseJson(text);
    if (!isRecord(json)) return refuse("contradiction");
    return { answered: true, fields: toFields(json, secret), elements: toElements(json.element, secret) };
  } catch {
    return refuse("truncated");
  }
}
