import { Agent, type Dispatcher, request } from "undici";
import type { Answer, WebhookSender } from "../../application/ports.ts";
import { classifyFailure, classifyStatus, type Finding } from "../../domain/classify.ts";
import type { AddressPolicy } from "./address-policy.ts";
import { type AddressResolver, createAddressResolver } from "./address-resolver.ts";
import { failureCode } from "./failure.ts";
import { guardedConnector } from "./guarded-connector.ts";
import { parseUrl } from "./parsed-url.ts";

const BODY_LIMIT = 16 * 1_024;
const SECOND_LIMIT = 64 * 1_024;
const KEEP_ALIVE_MS = 4_000;
const AGENT_LIFE_MS = 60_000;

export type SenderOptions = {
  readonly policy: AddressPolicy;
  /** All of it: name, connection, headers and body of the answer. */
  readonly deadlineMs: number;
  /** Requests beyond it would queue inside the client, unseen by their deadline's parts. */
  readonly connectionsPerHost: number;
  readonly resolver?: AddressResolver;
};

function createAgent(
  { policy, deadlineMs, connectionsPerHost }: SenderOptions,
  resolver: AddressResolver,
): Agent {
  const headersTimeout = Math.ceil((deadlineMs * 2) / 3);
  return new Agent({
    connections: connectionsPerHost,
    pipelining: 1,
    keepAliveTimeout: KEEP_ALIVE_MS,
    keepAliveMaxTimeout: KEEP_ALIVE_MS,
    headersTimeout,
    bodyTimeout: headersTimeout,
    maxResponseSize: SECOND_LIMIT,
    allowH2: false,
    connect: guardedConnector({ policy, resolver }, Math.ceil(deadlineMs / 3)),
  });
}

/** Reads no more than the limit; leaving the loop early closes the connection. */
async function readBounded(body: Dispatcher.ResponseData["body"]): Promise<void> {
  body.on("error", () => {});
  let size = 0;
  for await (const chunk of body) {
    size += (chunk as Buffer).length;
    if (size >= BODY_LIMIT) break;
  }
}

function firstOf(header: string | string[] | undefined): string | null {
  return (Array.isArray(header) ? header[0] : header) ?? null;
}

type Head = { readonly status: number; readonly retryAfter: string | null; readonly ttfbMs: number };

/**
 * The only way out to the internet: `request`, never `fetch`, so redirects are answers and nothing is decompressed.
 * The address check runs per connection, so agents live a minute and connections four idle seconds.
 */
export function undiciSender(options: SenderOptions): WebhookSender & AsyncDisposable {
  const resolver = options.resolver ?? createAddressResolver(options.policy);
  let agent = createAgent(options, resolver);
  let bornMs = performance.now();
  const currentAgent = (): Agent => {
    if (performance.now() - bornMs > AGENT_LIFE_MS) {
      // Closed softly: what it still carries ends in peace.
      agent.close().catch(() => {});
      agent = createAgent(options, resolver);
      bornMs = performance.now();
    }
    return agent;
  };
  const answer = (startedMs: number, finding: Finding, head: Head | null): Answer => ({
    finding,
    status: head?.status ?? null,
    retryAfter: head?.retryAfter ?? null,
    ttfbMs: head?.ttfbMs ?? null,
    totalMs: Math.round(performance.now() - startedMs),
  });
  return {
    send: async ({ url, headers, body }) => {
      const startedMs = performance.now();
      let head: Head | null = null;
      try {
        const target = parseUrl(url);
        if (!target) throw new TypeError("the URL cannot be parsed");
        const response = await request(target.url, {
          dispatcher: currentAgent(),
          method: "POST",
          headers,
          body,
          signal: AbortSignal.timeout(options.deadlineMs),
        });
        const ttfbMs = Math.round(performance.now() - startedMs);
        head = { status: response.statusCode, retryAfter: firstOf(response.headers["retry-after"]), ttfbMs };
        await readBounded(response.body);
        return answer(startedMs, classifyStatus(head.status), head);
      } catch (error) {
        return answer(startedMs, classifyFailure(failureCode(error)), head);
      }
    },
    [Symbol.asyncDispose]: () => agent.destroy(),
  };
}
