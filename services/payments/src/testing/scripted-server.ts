import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { SslcommerzAccount } from "../adapters/sslcommerz/account.ts";
import type { Operation } from "../adapters/sslcommerz/caller.ts";

type Received = {
  readonly operation: Operation;
  readonly method: string;
  /** Whether the connection may serve another request. */
  readonly keepAlive: boolean;
  readonly params: URLSearchParams;
};

/** Answers one request: a JSON value with status 200, or by hand. */
export type Reply =
  | Readonly<Record<string, unknown>>
  | ((response: ServerResponse, received: Received) => void);

/** A real HTTP server in the place of the gateway that says what a test tells it to. For tests only. */
export type ScriptedServer = AsyncDisposable & {
  readonly url: string;
  readonly received: readonly Received[];
  /** Answers of this operation in order; the last one repeats. */
  script(operation: Operation, ...replies: readonly Reply[]): void;
};

/** The order in which the real gateway tells the operations of its one URL apart. */
function operationOf(path: string, params: URLSearchParams): Operation {
  if (path === "/gwprocess/v4/api.php") return "session";
  if (path === "/validator/api/validationserverAPI.php") return "validate";
  if (params.has("refund_amount")) return "refund";
  return params.has("refund_ref_id") ? "refund_status" : "query";
}

async function receive(request: IncomingMessage): Promise<Received> {
  const url = new URL(request.url ?? "/", "http://localhost");
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const body = Buffer.concat(chunks).toString("utf8");
  const params = request.method === "POST" ? new URLSearchParams(body) : url.searchParams;
  const keepAlive = request.headers.connection !== "close";
  return { operation: operationOf(url.pathname, params), method: request.method ?? "", keepAlive, params };
}

export async function startScriptedServer(): Promise<ScriptedServer> {
  const received: Received[] = [];
  const scripts = new Map<Operation, Reply[]>();
  const server = createServer(async (request, response) => {
    const one = await receive(request);
    received.push(one);
    const replies = scripts.get(one.operation) ?? [];
    const reply = (replies.length > 1 ? replies.shift() : replies[0]) ?? {};
    if (typeof reply === "function") reply(response, one);
    else response.setHeader("content-type", "application/json").end(JSON.stringify(reply));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    received,
    script: (operation, ...replies) => void scripts.set(operation, [...replies]),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

export const CANARY_PASSWORD = "canary-9f3d1c/&= secret";

/** An account at the scripted server with deadlines that fit a test. */
export function scriptedAccount(
  baseUrl: string,
  changes: Partial<SslcommerzAccount> = {},
): SslcommerzAccount {
  return {
    id: "sslcommerz-test",
    mode: "TEST",
    baseUrl,
    storeId: "testbox",
    storePassword: CANARY_PASSWORD,
    callsPerSecond: 1_000,
    deadlines: { session: 250, read: 250, refund: 250 },
    ...changes,
  };
}

/** A charge as validation and query describe it. */
export function chargeOf(changes: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  return {
    status: "VALID",
    tran_date: "2026-06-04 16:00:00",
    tran_id: "pay_x-1",
    val_id: "val1",
    amount: "600.00",
    store_amount: "585.00",
    currency: "BDT",
    bank_tran_id: "bank1",
    card_type: "VISA-Dutch Bangla",
    card_no: "418117XXXXXX6675",
    card_issuer: "TRUST BANK, LTD.",
    card_brand: "VISA",
    card_issuer_country: "Bangladesh",
    card_issuer_country_code: "BD",
    currency_type: "BDT",
    currency_amount: "600.00",
    risk_level: "0",
    risk_title: "Safe",
    ...changes,
  };
}
