import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { Duplex } from "node:stream";

/** What one connection has asked for so far. */
type Exchange = {
  readonly waiting: Set<ServerResponse>;
  latest: { readonly request: IncomingMessage; readonly response: ServerResponse };
};

/** How long the answers before a broken request may take. */
const EARLIER_ANSWERS_MS = 15_000;

function endWith(socket: Duplex, answer: string): void {
  if (socket.writable) socket.end(answer, () => socket.destroy());
  else socket.destroy();
}

/** Calls back once every response is over; a response that never ends is not waited for for ever. */
function afterAll(responses: readonly ServerResponse[], then: () => void): void {
  let left = responses.length;
  if (left === 0) {
    then();
    return;
  }
  const timer = setTimeout(then, EARLIER_ANSWERS_MS).unref();
  for (const response of responses) {
    response.once("close", () => {
      left -= 1;
      if (left > 0) return;
      clearTimeout(timer);
      then();
    });
  }
}

/**
 * Answers what Node could not read as HTTP, and ends the connection. Answers go out in the order of the requests: a
 * refusal that overtook an answer still being made would be read as the answer to somebody else's request, and a second
 * answer to a request that has one already would be read as the answer to the next.
 */
export function answerBrokenRequests(server: Server, render: () => string): void {
  const exchanges = new WeakMap<Duplex, Exchange>();
  /** Node complains again about every further byte, and a second complaint must not cut the answer to the first. */
  const broken = new WeakSet<Duplex>();
  server.on("request", (request: IncomingMessage, response: ServerResponse) => {
    const exchange = exchanges.get(request.socket) ?? { waiting: new Set(), latest: { request, response } };
    exchange.latest = { request, response };
    exchange.waiting.add(response);
    response.once("close", () => exchange.waiting.delete(response));
    exchanges.set(request.socket, exchange);
  });
  server.on("clientError", (_, socket: Duplex) => {
    if (broken.has(socket)) return;
    broken.add(socket);
    const exchange = exchanges.get(socket);
    if (!exchange) {
      endWith(socket, render());
      return;
    }
    const { latest, waiting } = exchange;
    // The rest of this request is what could not be read, so it is the one that is refused.
    const isLatestBroken = !latest.request.complete;
    const earlier = [...waiting].filter((response) => !(isLatestBroken && response === latest.response));
    afterAll(earlier, () => {
      if (isLatestBroken && latest.response.headersSent) socket.destroy();
      else endWith(socket, render());
    });
  });
}
