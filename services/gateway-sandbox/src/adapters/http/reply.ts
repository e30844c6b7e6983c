import type { OutageMode } from "../../domain/outage.ts";
import type { ReplyPart } from "../../domain/rule.ts";
import type { Fields } from "../../domain/signature.ts";
import { answerJson, answerText, type Outgoing } from "./exchange.ts";

type Body = Readonly<Record<string, unknown>>;

const HTML_HEADERS = { "content-type": "text/html; charset=utf-8" };
const HTML_BODY =
  "<html><head><title>Error</title></head><body><h1>Service temporarily unavailable</h1></body></html>";
const ELEMENT_PREFIX = "element.";

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
export function renderReply(
  body: Body,
  { status = 200, body: shape = "normal", set = {} }: ReplyPart,
): Outgoing {
  const normal = answerJson(status, overwrite(body, set));
  switch (shape) {
    case "normal":
      return normal;
    case "html":
      return { status, headers: HTML_HEADERS, body: HTML_BODY };
    case "empty":
      return { ...normal, body: "" };
    case "truncated":
      return { ...normal, body: normal.body.slice(0, Math.floor(normal.body.length / 2)) };
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
