import type { OutageMode } from "../../domain/outage.ts";
import type { ReplyPart } from "../../domain/rule.ts";
import type { Fields } from "../../domain/signature.ts";
import { answerJson, answerText, type Outgoing } from "./exchange.ts";

type Body = Readonly<Record<string, unknown>>;

const HTML_HEADERS = { "content-type": "text/html; charset=utf-8" };
const HTML_BODY =
  "<html><head><title>Error</title></head><body><h1>Service temporarily unavailable</h1></body></html>";
const ELEMENT_PREFIX = "element.";

/** Ten megabytes that are still JSON: a reader that stops early has no other way to know. */
const HUGE = "x".repeat(10 * 1024 * 1024);
const DRIP_MS = 1_000;

function overwrite(body: Body, set: Fields): Body {
  const entries = Object.entries(set);
  const top = entries.filter(([name]) => !name.startsWith(ELEMENT_PREFIX));
  const inner = entries
    .filter(([name]) => name.startsWith(ELEMENT_PREFIX))
    .map(([name, text]) => [name.slice(ELEMENT_PREFIX.length), text]);
  const changed = { ...body, ...Object.fromEntries(top) };
  if (inner.length === 0 || !Array.isArray(body.element)) return changed;
  const element = body.element.map((item: object) => ({ ...item, ...Object.fromEntries(inner) }));
  return { ...changed, element };
}

/** Shapes what is sent; what happened at the gateway stays as it is. */
export function renderReply(body: Body, part: ReplyPart): Outgoing {
  const { status = 200, body: shape = "normal", set = {}, elementAs, retryAfterSeconds } = part;
  const told = elementAs === "object" ? unwrapElement(overwrite(body, set)) : overwrite(body, set);
  const shaped = shapeBody(told, status, shape, part.dripMs ?? DRIP_MS);
  if (retryAfterSeconds === undefined) return shaped;
  return { ...shaped, headers: { ...shaped.headers, "retry-after": String(retryAfterSeconds) } };
}

function unwrapElement(body: Body): Body {
  return Array.isArray(body.element) ? { ...body, element: body.element.at(-1) } : body;
}

function shapeBody(
  body: Body,
  status: number,
  shape: NonNullable<ReplyPart["body"]>,
  dripMs: number,
): Outgoing {
  const normal = answerJson(status, body);
  switch (shape) {
    case "normal":
      return normal;
    case "html":
      return { status, headers: HTML_HEADERS, body: HTML_BODY };
    case "empty":
      return { ...normal, body: "" };
    case "truncated":
      return { ...normal, body: normal.body.slice(0, Math.floor(normal.body.length / 2)) };
    case "huge":
      return answerJson(status, { ...body, padding: HUGE });
    case "drip":
      return { ...normal, dripMs };
  }
}

export function renderOutage(mode: OutageMode, remainingMs: number): Outgoing | null {
  switch (mode) {
    case "refuse":
    case "hang":
      return null;
    case "500":
      return answerText(500, "Internal Server Error");
    case "html":
      return { status: 200, headers: HTML_HEADERS, body: HTML_BODY };
    case "429": {
      const retryAfter = String(Math.max(1, Math.ceil(remainingMs / 1000)));
      const busy = answerText(429, "Too Many Requests");
      return { ...busy, headers: { ...busy.headers, "retry-after": retryAfter } };
    }
  }
}
