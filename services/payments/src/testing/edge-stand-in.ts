import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";

/** A callback as the gateway or a browser sent it, in the words of `RecordGatewayCallback`. */
export type Delivery = {
  readonly gateway: "SSLCOMMERZ";
  readonly channel: "CALLBACK_CHANNEL_RETURN" | "CALLBACK_CHANNEL_NOTIFICATION";
  readonly reference: string;
  readonly method: string;
  readonly path: string;
  readonly contentType: string;
  /** base64 */
  readonly body: string;
  readonly query: string;
  readonly remoteAddress: string;
};

/** Takes the place of the edge's gateway entry: it hands callbacks over as they came, or keeps them. For tests only. */
export type EdgeStandIn = AsyncDisposable & {
  readonly url: string;
  /** Callbacks that are not answered yet. */
  readonly busy: () => number;
  /** What was kept, oldest first. */
  readonly kept: readonly Delivery[];
  /** From now on callbacks that this holds for are answered and go nowhere. */
  keep(isKept: (fields: URLSearchParams) => boolean): void;
};

export function fieldsOf({ body, query }: Delivery): URLSearchParams {
  return new URLSearchParams(body === "" ? query : Buffer.from(body, "base64").toString("utf8"));
}

async function deliveryOf(request: IncomingMessage): Promise<Delivery> {
  const { pathname, search } = new URL(request.url ?? "/", "http://edge");
  const body = await buffer(request);
  const reference = /\/return\/[a-z]+\/([^/]+)$/.exec(pathname)?.[1];
  return {
    gateway: "SSLCOMMERZ",
    channel: reference === undefined ? "CALLBACK_CHANNEL_NOTIFICATION" : "CALLBACK_CHANNEL_RETURN",
    reference: reference ?? "",
    method: request.method ?? "",
    path: pathname,
    contentType: request.headers["content-type"] ?? "",
    body: body.toString("base64"),
    query: search.slice(1),
    remoteAddress: "192.0.2.1",
  };
}

export async function startEdgeStandIn(
  handOver: (delivery: Delivery) => Promise<unknown>,
): Promise<EdgeStandIn> {
  let busy = 0;
  let isKept: (fields: URLSearchParams) => boolean = () => false;
  const kept: Delivery[] = [];
  const take = async (request: IncomingMessage): Promise<number> => {
    const delivery = await deliveryOf(request);
    if (isKept(fieldsOf(delivery))) kept.push(delivery);
    else await handOver(delivery);
    return delivery.reference === "" ? 200 : 303;
  };
  const server = createServer(async (request, response) => {
    busy += 1;
    response.statusCode = await take(request).catch(() => 503);
    busy -= 1;
    response.end();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    busy: () => busy,
    kept,
    keep: (rule) => {
      isKept = rule;
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
