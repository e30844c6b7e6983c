import type { IncomingMessage } from "node:http";
import type { Fields } from "../../domain/signature.ts";

export type Incoming = {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
};

export type Outgoing = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** Set: the body leaves byte by byte, so far apart. */
  readonly dripMs?: number;
  /** Called once the answer has left whole; never for a client that went away before. */
  readonly onSent?: () => void;
};

/** null: the connection is closed without an answer. */
export type Handle = (incoming: Incoming) => Promise<Outgoing | null> | Outgoing | null;

export function answerText(status: number, body: string): Outgoing {
  return { status, headers: { "content-type": "text/plain; charset=utf-8" }, body };
}

export function answerJson(status: number, body: unknown): Outgoing {
  return {
    status,
    headers: { "content-type": "application/json; charset=utf-8" },
    body: JSON.stringify(body),
  };
}

/** The fields of a urlencoded body; a body of any other type has none, as at the real gateway. */
export function readForm({ headers, body }: Incoming): Fields {
  const isForm = /^application\/x-www-form-urlencoded\s*(;|$)/i.test(headers["content-type"] ?? "");
  return isForm ? Object.fromEntries(new URLSearchParams(body)) : {};
}
