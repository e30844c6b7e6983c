import { subscribe, unsubscribe } from "node:diagnostics_channel";
import type { Socket } from "node:net";
import { destinationOf } from "./proxy-tunnel.ts";

type Sent = { readonly request: { readonly headers: readonly unknown[] }; readonly socket: Socket };
type Done = { readonly request: Sent["request"] };
type Followed = { address: string | null; readonly onBodySent: () => void };

/** Tells where each request really went: the socket that carried it, not the address that was meant. */
export type RequestTrace = Disposable & {
  /** `key` is the value of one of the request's headers, and of no other request's in flight. */
  follow(key: string, onBodySent: () => void): { address(): string | null; end(): void };
};

const HEAD_SENT = "undici:client:sendHeaders";
const BODY_SENT = "undici:request:bodySent";

export function traceRequests(): RequestTrace {
  const followed = new Map<unknown, Followed>();
  const find = ({ headers }: Sent["request"]): Followed | undefined => {
    for (const value of headers) {
      const found = followed.get(value);
      if (found) return found;
    }
    return undefined;
  };
  const onHead = (message: unknown): void => {
    const { request, socket } = message as Sent;
    const found = find(request);
    if (found) found.address = destinationOf(socket);
  };
  const onBody = (message: unknown): void => find((message as Done).request)?.onBodySent();
  subscribe(HEAD_SENT, onHead);
  subscribe(BODY_SENT, onBody);
  return {
    follow: (key, onBodySent) => {
      const entry: Followed = { address: null, onBodySent };
      followed.set(key, entry);
      return { address: () => entry.address, end: () => followed.delete(key) };
    },
    [Symbol.dispose]: () => {
      unsubscribe(HEAD_SENT, onHead);
      unsubscribe(BODY_SENT, onBody);
    },
  };
}
