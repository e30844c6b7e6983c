import { answerJson, answerText, type Handle, type Incoming, type Outgoing } from "./exchange.ts";

/** Answers the addresses it knows; undefined leaves the request to the next. */
export type Route = (incoming: Incoming) => Promise<Outgoing | null> | undefined;

const BAND = "SANDBOX GATEWAY – TEST.";

export function createHandle(routes: readonly Route[]): Handle {
  return (incoming) => {
    for (const route of routes) {
      const answer = route(incoming);
      if (answer !== undefined) return answer;
    }
    switch (incoming.path) {
      case "/":
        return answerText(200, `${BAND} It simulates a gateway; no bank is asked and no money moves.`);
      case "/healthz":
        return answerJson(200, { status: "ready" });
      case "/public/tls/":
        return answerText(200, "TLS is okay");
      default:
        return answerText(404, `${BAND} There is nothing at this address.`);
    }
  };
}
