import { randomBytes } from "node:crypto";
import type { PaymentGateway } from "../../application/payment-gateway.ts";
import { type Account, CAPABILITIES, resolveAccount, type SslcommerzAccount } from "./account.ts";
import { unknown } from "./answer.ts";
import { createBreaker } from "./breaker.ts";
import { createCaller, type GatewayCall, type GatewayCaller } from "./caller.ts";
import { readClaim } from "./claim.ts";
import { type GatewayClock, systemClock } from "./clock.ts";
import { readConnect } from "./connect-status.ts";
import { confirm, inquire } from "./inquiry.ts";
import { readRefund, readRefundStatus, refundParams, refundProblem } from "./refund.ts";
import { orderProblem, readSession, sessionParams } from "./session.ts";
import { createTokenBucket } from "./token-bucket.ts";
import { createTransport } from "./transport.ts";

export type SslcommerzDeps = {
  readonly clock?: GatewayClock;
  /** Told of every call after it ended; it must not throw. */
  readonly observe?: (call: GatewayCall) => void;
};

/** One account seen by customers and, with half of its call rate, by sweeps. Breaker and connections are shared. */
type SslcommerzClient = AsyncDisposable & {
  readonly customer: PaymentGateway;
  readonly sweep: PaymentGateway;
};

/** A reference that nobody holds: being told so shows that the credentials and the environment are right. */
async function probe(call: GatewayCaller, signal: AbortSignal) {
  const tranId = `probe-${randomBytes(8).toString("hex")}`;
  const answer = await call({ operation: "query", params: { tran_id: tranId } }, signal);
  const trouble = answer.answered ? readConnect(answer.fields, true) : answer.unknown;
  return { healthy: trouble === null, note: trouble === null ? "APIConnect DONE" : trouble.cause };
}

function createGateway(account: Account, call: GatewayCaller): PaymentGateway {
  return {
    capabilities: CAPABILITIES,
    accountRef: account.storeId,
    redirectOrigins: account.allowedRedirectOrigins,
    async openSession(order, signal) {
      const problem = orderProblem(order);
      if (problem !== null) return { outcome: "rejected", reason: problem };
      return readSession(
        await call({ operation: "session", params: sessionParams(order, account) }, signal),
        account,
      );
    },
    readCallback: (callback) => readClaim(callback, account.storePassword),
    confirm: (attempt, gatewayRef, signal) => confirm(call, attempt, gatewayRef, signal),
    inquire: (attempt, signal) => inquire(call, attempt, signal),
    async refund(order, signal) {
      const problem = refundProblem(order);
      if (problem !== null) return { outcome: "rejected", reason: problem };
      return readRefund(
        await call({ operation: "refund", params: refundParams(order) }, signal),
        order,
        account,
      );
    },
    async inquireRefund({ gatewayRefundId }, signal) {
      // There is no look-up by our own reference, so without theirs nothing can be asked.
      if (gatewayRefundId === null) return unknown("contradiction", false);
      const params = { refund_ref_id: gatewayRefundId };
      return readRefundStatus(await call({ operation: "refund_status", params }, signal), gatewayRefundId);
    },
    probe: (signal) => probe(call, signal),
  };
}

export function sslcommerzClient(config: SslcommerzAccount, deps: SslcommerzDeps = {}): SslcommerzClient {
  const account = resolveAccount(config);
  const transport = createTransport(account.baseUrl);
  const bucket = createTokenBucket(account.callsPerSecond);
  const half = createTokenBucket(account.callsPerSecond / 2);
  const shared = {
    account,
    transport,
    breaker: createBreaker(account.probeEveryMs),
    clock: deps.clock ?? systemClock,
    observe: deps.observe ?? (() => {}),
  };
  return {
    customer: createGateway(account, createCaller({ ...shared, buckets: [bucket] })),
    sweep: createGateway(account, createCaller({ ...shared, buckets: [half, bucket] })),
    [Symbol.asyncDispose]: () => transport[Symbol.asyncDispose](),
  };
}

/** The gateway of one SSLCOMMERZ store. Dispose it to close its connections. */
export function sslcommerzGateway(
  account: SslcommerzAccount,
  deps: SslcommerzDeps = {},
): PaymentGateway & AsyncDisposable {
  const client = sslcommerzClient(account, deps);
  return { ...client.customer, [Symbol.asyncDispose]: () => client[Symbol.asyncDispose]() };
}
