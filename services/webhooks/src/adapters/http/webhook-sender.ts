import { Agent, type Dispatcher, request } from "undici";
import type { Answer, WebhookSender } from "../../application/ports.ts";
import { classifyFailure, classifyStatus, type Finding } from "../../domain/classify.ts";
import type { AddressPolicy } from "./address-policy.ts";
import type { AddressResolver } from "./address-resolver.ts";
import { type AddressSlots, createAddressSlots } from "./address-slots.ts";
import { failureCode } from "./failure.ts";
import { guardedConnector, vet } from "./guarded-connector.ts";
import { parseUrl, portOf } from "./parsed-url.ts";
import type { ProxyUrl } from "./proxy-tunnel.ts";
import { traceRequests } from "./request-trace.ts";

const BODY_LIMIT = 16 * 1_024;
const KEPT = 4 * 1_024;
const SECOND_LIMIT = 64 * 1_024;
const KEEP_ALIVE_MS = 4_000;
const AGENT_LIFE_MS = 60_000;
const PER_ADDRESS = 64;
const SLOT_WAIT_MS = 2_000;

export type SenderOptions = {
  readonly policy: AddressPolicy;
  readonly resolver: AddressResolver;
  /** All of it: name, connection, headers and body of the answer. */
  readonly deadlineMs: number;
  /** Requests beyond it would queue inside the client, unseen by their deadline's parts. */
  readonly connectionsPerHost: number;
  /** Through which every connection goes; null for none. */
  readonly proxy?: ProxyUrl | null;
  /** How many may be in flight to one address. */
  readonly perAddress?: number;
  /** Called when the last byte of a request was given to the system. */
  readonly onBodySent?: () => void;
};

function createAgent(options: SenderOptions): Agent {
  const { policy, resolver, deadlineMs, connectionsPerHost, proxy = null } = options;
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
    connect: guardedConnector({ policy, resolver, proxy, connectTimeoutMs: Math.ceil(deadlineMs / 3) }),
  });
}

/** An agent lives a minute: the address check runs per connection, and a kept one must not outlive it for long. */
function renewedAgent(options: SenderOptions): { current(): Agent } & AsyncDisposable {
  let agent = createAgent(options);
  let bornMs = performance.now();
  return {
    current: () => {
      if (performance.now() - bornMs > AGENT_LIFE_MS) {
        // Closed softly: what it still carries ends in peace.
        agent.close().catch(() => {});
        agent = createAgent(options);
        bornMs = performance.now();
      }
      return agent;
    },
    [Symbol.asyncDispose]: () => agent.destroy(),
  };
}

/** Reads no more than the limit; leaving the loop early closes the connection. */
async function readBounded(
  body: Dispatcher.ResponseData["body"],
  keep: (chunk: Buffer) => void,
): Promise<void> {
  body.on("error", () => {});
  let size = 0;
  for await (const chunk of body) {
    keep(chunk as Buffer);
    size += (chunk as Buffer).length;
    if (size >= BODY_LIMIT) break;
  }
}

function firstOf(header: string | string[] | undefined): string | null {
  return (Array.isArray(header) ? header[0] : header) ?? null;
}

type Progress = {
  readonly startedMs: number;
  status: number | null;
  retryAfter: string | null;
  ttfbMs: number | null;
  dnsMs: number | null;
  readonly head: Buffer[];
};

function toAnswer(finding: Finding, progress: Progress, remoteAddress: string | null): Answer {
  const { startedMs, status, retryAfter, ttfbMs, dnsMs, head } = progress;
  return {
    finding,
    status,
    retryAfter,
    ttfbMs,
    dnsMs,
    remoteAddress,
    responseHead: head.length === 0 ? null : Buffer.concat(head).subarray(0, KEPT).toString("utf8"),
    totalMs: Math.round(performance.now() - startedMs),
  };
}

/**
 * A deadline that ends with what it bounds. `AbortSignal.timeout` would keep every attempt's signal, with all that
 * listens to it, until its time is over, however early the answer came.
 */
function startDeadline(ms: number): Disposable & { readonly signal: AbortSignal } {
  const controller = new AbortController();
  const timer = setTimeout(
    () => controller.abort(new DOMException("the deadline is over", "TimeoutError")),
    ms,
  );
  return { signal: controller.signal, [Symbol.dispose]: () => clearTimeout(timer) };
}

/** Rejects when the signal fires; what it gave up on may end as it likes. */
function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
    work.then(resolve, reject);
  });
}

/** Resolves the name, judges every address and takes a slot of the first. */
async function admit(
  url: URL,
  options: SenderOptions,
  slots: AddressSlots,
  progress: Progress,
): Promise<() => void> {
  const at = { hostname: url.hostname, protocol: url.protocol, port: String(portOf(url.protocol, url.port)) };
  const [address = ""] = await vet(at, options);
  progress.dnsMs = Math.round(performance.now() - progress.startedMs);
  return slots.take(address);
}

/** The only way out to the internet: `request`, never `fetch`: redirects are answers and nothing is decompressed. */
export function undiciSender(options: SenderOptions): WebhookSender & AsyncDisposable {
  const agents = renewedAgent(options);
  const trace = traceRequests();
  const slots = createAddressSlots({ perAddress: options.perAddress ?? PER_ADDRESS, waitMs: SLOT_WAIT_MS });
  const onBodySent = options.onBodySent ?? (() => undefined);
  return {
    send: async ({ url, headers, body }) => {
      using deadline = startDeadline(options.deadlineMs);
      const { signal } = deadline;
      const empty = { status: null, retryAfter: null, ttfbMs: null, dnsMs: null, head: [] };
      const progress: Progress = { ...empty, startedMs: performance.now() };
      const followed = trace.follow(headers["webhook-signature"] ?? "", onBodySent);
      let release: (() => void) | null = null;
      try {
        const target = parseUrl(url);
        if (!target) throw new TypeError("the URL cannot be parsed");
        const admitted = admit(target.url, options, slots, progress);
        // A slot that comes after the deadline is given back.
        signal.addEventListener("abort", () =>
          admitted.then(
            (free) => release ?? free(),
            () => undefined,
          ),
        );
        release = await unlessAborted(admitted, signal);
        const dispatcher = agents.current();
        const response = await request(target.url, { dispatcher, method: "POST", headers, body, signal });
        progress.ttfbMs = Math.round(performance.now() - progress.startedMs);
        progress.status = response.statusCode;
        progress.retryAfter = firstOf(response.headers["retry-after"]);
        await readBounded(response.body, (chunk) => progress.head.push(chunk.subarray(0, KEPT)));
        return toAnswer(classifyStatus(response.statusCode), progress, followed.address());
      } catch (error) {
        return toAnswer(classifyFailure(failureCode(error)), progress, followed.address());
      } finally {
        release?.();
        followed.end();
      }
    },
    [Symbol.asyncDispose]: async () => {
      trace[Symbol.dispose]();
      await agents[Symbol.asyncDispose]();
    },
  };
}
