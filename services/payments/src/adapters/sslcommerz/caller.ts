import type { AccountId, UnknownCause } from "../../domain/gateway.ts";
import type { Account } from "./account.ts";
import { type Answer, readAnswer, type Unanswered, unknown } from "./answer.ts";
import type { Breaker } from "./breaker.ts";
import type { GatewayClock } from "./clock.ts";
import { describeRequest } from "./redaction.ts";
import type { TokenBucket } from "./token-bucket.ts";
import type { Transport } from "./transport.ts";

export type Operation = "session" | "validate" | "query" | "refund" | "refund_status";

type GatewayRequest = {
  readonly operation: Operation;
  readonly params: Readonly<Record<string, string>>;
};

/** One finished call, for metrics, alerts and logs. It names no value of any parameter. */
export type GatewayCall = {
  readonly account: AccountId;
  readonly operation: Operation;
  readonly result: "answered" | UnknownCause;
  readonly sent: boolean;
  readonly tries: number;
  readonly durationMs: number;
  readonly httpStatus: number | null;
  /** Method, host, path and parameter names. */
  readonly request: string;
};

export type GatewayCaller = (request: GatewayRequest, signal: AbortSignal) => Promise<Answer>;

type CallerParts = {
  readonly account: Account;
  readonly transport: Transport;
  readonly breaker: Breaker;
  /** Every bucket grants each request: the account's own, and the smaller one of the sweeps. */
  readonly buckets: readonly TokenBucket[];
  readonly clock: GatewayClock;
  readonly observe: (call: GatewayCall) => void;
};

/** One URL for the query, the refund and its status: the parameters alone choose the operation. */
const QUERY_PATH = "/validator/api/merchantTransIDvalidationAPI.php";
const PATHS: Readonly<Record<Operation, string>> = {
  session: "/gwprocess/v4/api.php",
  validate: "/validator/api/validationserverAPI.php",
  query: QUERY_PATH,
  refund: QUERY_PATH,
  refund_status: QUERY_PATH,
};

const REPEAT_AFTER_MS = 500;
/** A short burst queues; a longer one is told to come back. */
const MAX_QUEUE_MS = 1_000;
const BREAKING: readonly UnknownCause[] = ["timeout", "connection", "http_status"];

const isRead = (operation: Operation): boolean => operation !== "session" && operation !== "refund";

function toHttp({ account }: CallerParts, { operation, params }: GatewayRequest) {
  return {
    method: operation === "session" ? ("POST" as const) : ("GET" as const),
    path: PATHS[operation],
    params: new URLSearchParams({
      ...params,
      store_id: account.storeId,
      store_passwd: account.storePassword,
      ...(operation === "session" || operation === "refund_status" ? {} : { v: "1" }),
      format: "json",
    }),
    freshConnection: operation === "refund",
  };
}

function deadlineOf({ deadlines }: Account, operation: Operation): number {
  if (operation === "session" || operation === "refund") return deadlines[operation];
  return deadlines.read;
}

const stopped = (cause: UnknownCause, sent: boolean, retryAfterMs?: number): Unanswered => ({
  answered: false,
  unknown: unknown(cause, sent, retryAfterMs),
  status: null,
});

/** Waits for its turn in every bucket; null when the turn has come. */
async function waitForTurn({ buckets, clock }: CallerParts, signal: AbortSignal): Promise<Unanswered | null> {
  let waitMs = 0;
  for (const bucket of buckets) {
    const turn = bucket.reserve(clock.now(), MAX_QUEUE_MS);
    if (!turn.granted) return stopped("throttled", false, Math.ceil(turn.waitMs));
    waitMs = Math.max(waitMs, turn.waitMs);
  }
  const reached = waitMs === 0 || (await clock.sleep(waitMs, signal));
  return reached ? null : stopped("throttled", false);
}

async function tryOnce(parts: CallerParts, request: GatewayRequest, signal: AbortSignal): Promise<Answer> {
  const early = await waitForTurn(parts, signal);
  if (early !== null) return early;
  const reply = await parts.transport.send(toHttp(parts, request), signal);
  if (reply.failed !== null) return stopped(reply.failed, reply.sent);
  const answer = readAnswer(reply, parts.clock.now(), parts.account.storePassword);
  if (!answer.answered && answer.unknown.retryAfterMs !== undefined) {
    for (const bucket of parts.buckets) bucket.pauseUntil(parts.clock.now() + answer.unknown.retryAfterMs);
  }
  return answer;
}

function deservesRepeat(answer: Answer): boolean {
  if (answer.answered) return false;
  return answer.unknown.cause === "connection" || (answer.status !== null && answer.status >= 500);
}

/**
 * Reads are repeated once; a session or a refund never, because the first may have been carried out. While the breaker
 * is open one probe is enough.
 */
async function tryTwice(parts: CallerParts, request: GatewayRequest, signal: AbortSignal) {
  const first = await tryOnce(parts, request, signal);
  const isWorthIt = isRead(request.operation) && deservesRepeat(first) && !parts.breaker.isOpen();
  if (first.answered || !isWorthIt) return { answer: first, tries: 1 };
  if (!(await parts.clock.sleep(REPEAT_AFTER_MS, signal))) return { answer: first, tries: 1 };
  const second = await tryOnce(parts, request, signal);
  if (second.answered) return { answer: second, tries: 2 };
  const sent = first.unknown.sent || second.unknown.sent;
  return { answer: { ...second, unknown: { ...second.unknown, sent } }, tries: 2 };
}

/** Runs `work` under one signal that ends with the caller's patience or the operation's deadline, repeat included. */
async function withDeadline<T>(
  callerSignal: AbortSignal,
  ms: number,
  work: (signal: AbortSignal) => Promise<T>,
) {
  const deadline = new AbortController();
  const timer = setTimeout(() => deadline.abort(), ms);
  try {
    const value = await work(AbortSignal.any([callerSignal, deadline.signal]));
    return { value, abandoned: callerSignal.aborted && !deadline.signal.aborted };
  } finally {
    clearTimeout(timer);
  }
}

/** The one way to the gateway: breaker, turn, deadline, transport, reading, one repeat, and a word to the observer. */
export function createCaller(parts: CallerParts): GatewayCaller {
  const { account, breaker, clock } = parts;
  async function run(
    request: GatewayRequest,
    signal: AbortSignal,
  ): Promise<{ answer: Answer; tries: number }> {
    const closedForMs = breaker.waitMs(clock.now());
    if (closedForMs > 0) return { answer: stopped("breaker_open", false, Math.ceil(closedForMs)), tries: 0 };
    const { value, abandoned } = await withDeadline(
      signal,
      deadlineOf(account, request.operation),
      (limited) => tryTwice(parts, request, limited),
    );
    const { answer } = value;
    const isBreaking = !answer.answered && BREAKING.includes(answer.unknown.cause);
    const neverLeft = !answer.answered && answer.unknown.cause === "throttled" && !answer.unknown.sent;
    // A caller who hung up says nothing about the gateway, and neither does a call that never left.
    if (!neverLeft && !(abandoned && isBreaking))
      breaker.record(isBreaking ? "unanswered" : "answered", clock.now());
    return value;
  }
  return async (request, signal) => {
    const startedAt = clock.now();
    const { answer, tries } = await run(request, signal);
    const { method, path, params } = toHttp(parts, request);
    parts.observe({
      account: account.id,
      operation: request.operation,
      result: answer.answered ? "answered" : answer.unknown.cause,
      sent: answer.answered || answer.unknown.sent,
      tries,
      durationMs: clock.now() - startedAt,
      httpStatus: answer.answered ? 200 : answer.status,
      request: describeRequest(method, account.baseUrl, path, params.keys()),
    });
    return answer;
  };
}
