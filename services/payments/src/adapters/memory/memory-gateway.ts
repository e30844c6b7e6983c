import type { PaymentGateway } from "../../application/payment-gateway.ts";
import type {
  Claim,
  GatewayCapabilities,
  PaidEvidence,
  PaymentVerdict,
  PendingPhase,
  RawCallback,
  RefundOrder,
  RefundOutcome,
  SessionOrder,
  SessionOutcome,
  Unknown,
} from "../../domain/gateway.ts";

type MemoryOperation = "openSession" | "confirm" | "inquire" | "refund" | "inquireRefund";

type MemoryGatewayOptions = {
  readonly accountRef?: string;
  readonly capabilities?: Partial<GatewayCapabilities>;
};

type MemorySession = { readonly order: SessionOrder; readonly sessionKey: string };
type MemoryRefund = { readonly order: RefundOrder; readonly gatewayRefundId: string };

/** The test's hands at the gateway's side of the counter. */
type MemoryControls = {
  /** Every call in order, for "was it asked at all". */
  readonly calls: readonly { readonly operation: MemoryOperation; readonly ref: string }[];
  readonly sessions: ReadonlyMap<string, MemorySession>;
  readonly refunds: ReadonlyMap<string, MemoryRefund>;
  /** Adds a charge; a second call is a second charge. `part` overrides what the gateway believes about it. */
  pay(merchantRef: string, part?: Partial<PaidEvidence>): PaidEvidence;
  fail(merchantRef: string, reason?: string): void;
  /** Takes back what was paid: the gateway calls the payment failed from now on. */
  reverse(merchantRef: string): void;
  cancel(merchantRef: string, reason?: string): void;
  expire(merchantRef: string, reason?: string): void;
  setPending(merchantRef: string, phase: PendingPhase): void;
  /**
   * Answers this operation with an unknown until null is set. With `effect` the operation is carried out all the
   * same and only its answer is lost.
   */
  setUnknown(operation: MemoryOperation, unknown: Unknown | null, effect?: "carried_out" | "none"): void;
  /** Refuses every session or refund with this reason until null is set. */
  refuse(operation: "openSession" | "refund", reason: string | null): void;
  completeRefund(merchantRefundRef: string): void;
  cancelRefund(merchantRefundRef: string, reason?: string): void;
  /** A callback about the reference; `token` is its signature: `valid`, `weak`, none, or anything else for forged. */
  callback(merchantRef: string, part?: CallbackPart): RawCallback;
};

type CallbackPart = {
  readonly channel?: RawCallback["channel"];
  readonly token?: string | null;
  readonly set?: Readonly<Record<string, string>>;
};

export type MemoryGateway = PaymentGateway & MemoryControls;

type State = {
  readonly accountRef: string;
  readonly calls: { operation: MemoryOperation; ref: string }[];
  readonly sessions: Map<string, MemorySession>;
  readonly charges: Map<string, PaidEvidence[]>;
  readonly closed: Map<string, Exclude<PaymentVerdict, { outcome: "paid" }>>;
  readonly refunds: Map<string, MemoryRefund>;
  readonly refundStates: Map<string, RefundOutcome>;
  readonly unknowns: Map<MemoryOperation, { unknown: Unknown; effect: "carried_out" | "none" }>;
  readonly refusals: Map<MemoryOperation, string>;
  lastId: number;
};

const ORIGIN = "https://gateway.test";

const CAPABILITIES: GatewayCapabilities = {
  kind: "SSLCOMMERZ",
  confirmTakesMoney: false,
  inquireByMerchantRef: true,
  merchantRefMaxLength: 30,
  refundReplaySafe: false,
  currencies: {
    BDT: { minMinor: 10_00n, maxMinor: 500_000_00n },
    USD: { minMinor: 1n, maxMinor: 99_999_999_99n },
  },
};

const nextId = (state: State, prefix: string): string => {
  state.lastId += 1;
  return `${prefix}_${state.lastId}`;
};

/** Notes the call, carries `effect` out unless it is to be lost, and answers. */
async function answer<T>(
  state: State,
  operation: MemoryOperation,
  ref: string,
  effect: () => T,
): Promise<T | Unknown> {
  state.calls.push({ operation, ref });
  const silence = state.unknowns.get(operation);
  if (silence === undefined) return effect();
  if (silence.effect === "carried_out") effect();
  return silence.unknown;
}

function openSession(state: State, capabilities: GatewayCapabilities, order: SessionOrder): SessionOutcome {
  const limits = capabilities.currencies[order.amount.currency];
  const { amountMinor } = order.amount;
  if (limits === undefined || amountMinor < limits.minMinor || amountMinor > limits.maxMinor) {
    return { outcome: "rejected", reason: "Currency or amount not taken" };
  }
  const refusal = state.refusals.get("openSession");
  if (refusal !== undefined) return { outcome: "rejected", reason: refusal };
  const sessionKey = nextId(state, "session");
  state.sessions.set(order.merchantRef, { order, sessionKey });
  return { outcome: "opened", sessionKey, redirectUrl: `${ORIGIN}/pay/${sessionKey}` };
}

function judgeCharges(state: State, merchantRef: string): PaymentVerdict {
  const [first, ...rest] = state.charges.get(merchantRef) ?? [];
  if (first !== undefined) return { outcome: "paid", payments: [first, ...rest] };
  const phase = state.sessions.has(merchantRef) ? "open" : "absent";
  return state.closed.get(merchantRef) ?? { outcome: "pending", phase };
}

function confirm(state: State, merchantRef: string, gatewayRef: string): PaymentVerdict {
  const charge = [...state.charges.values()]
    .flat()
    .find((one) => one.gatewayRef === gatewayRef && one.validated);
  return charge === undefined ? judgeCharges(state, merchantRef) : { outcome: "paid", payments: [charge] };
}

/** Charges the session at a fee of 2.5 %, half up on what the merchant gets. */
function pay(state: State, merchantRef: string, part: Partial<PaidEvidence>): PaidEvidence {
  const session = state.sessions.get(merchantRef);
  if (session === undefined) throw new Error(`no session was opened for ${merchantRef}`);
  const charged = part.charged ?? session.order.amount;
  const evidence: PaidEvidence = {
    merchantRef,
    gatewayRef: nextId(state, "val"),
    gatewayTxnId: nextId(state, "bank"),
    validated: true,
    accountRef: state.accountRef,
    charged,
    gross: charged,
    settled: { ...charged, amountMinor: (charged.amountMinor * 975n + 500n) / 1_000n },
    risk: { level: 0, title: "Safe" },
    method: { channel: "VISA-Test", brand: "VISA", issuer: "Test Bank", country: "BD", last4: "1111" },
    gatewayTime: "2026-06-04 16:00:00",
    ...part,
  };
  state.charges.set(merchantRef, [...(state.charges.get(merchantRef) ?? []), evidence]);
  return evidence;
}

function refund(state: State, order: RefundOrder): RefundOutcome {
  const refusal = state.refusals.get("refund");
  if (refusal !== undefined) return { outcome: "rejected", reason: refusal };
  const charges = [...state.charges.values()].flat();
  if (!charges.some((one) => one.gatewayTxnId === order.gatewayTxnId))
    return { outcome: "rejected", reason: "No such transaction" };
  const gatewayRefundId = nextId(state, "refund");
  state.refunds.set(order.merchantRefundRef, { order, gatewayRefundId });
  const accepted: RefundOutcome = { outcome: "accepted", gatewayRefundId };
  state.refundStates.set(gatewayRefundId, accepted);
  return accepted;
}

/** References are readable without any credential. */
export const readForm = ({ method, query, body }: RawCallback): URLSearchParams =>
  new URLSearchParams(method === "GET" ? query : new TextDecoder().decode(body));

const SAYS = ["paid", "failed", "cancelled", "expired", "pending"] as const;

function readCallback(callback: RawCallback): Claim {
  const form = readForm(callback);
  const token = form.get("token");
  const amount = /^[0-9]{1,15}$/.exec(form.get("amountMinor") ?? "")?.[0];
  return {
    merchantRef: form.get("ref"),
    gatewayRef: form.get("gatewayRef"),
    accountRef: form.get("account"),
    money:
      amount === undefined ? null : { amountMinor: BigInt(amount), currency: form.get("currency") ?? "" },
    says: SAYS.find((word) => word === form.get("says")) ?? "unrecognised",
    signature: token === null ? "absent" : token === "valid" || token === "weak" ? token : "invalid",
    note: token === "weak" ? "WEAK_TOKEN" : null,
  };
}

function writeCallback(state: State, merchantRef: string, part: CallbackPart): RawCallback {
  const { channel = "notification", token = "valid", set = {} } = part;
  const verdict = judgeCharges(state, merchantRef);
  const charge = state.charges.get(merchantRef)?.at(-1);
  const money = charge?.charged ?? state.sessions.get(merchantRef)?.order.amount;
  const form = new URLSearchParams({
    ref: merchantRef,
    account: charge?.accountRef ?? state.accountRef,
    says: verdict.outcome,
    ...(charge === undefined ? {} : { gatewayRef: charge.gatewayRef }),
    ...(money === undefined ? {} : { amountMinor: String(money.amountMinor), currency: money.currency }),
    ...(token === null ? {} : { token }),
    ...set,
  });
  return {
    channel,
    method: "POST",
    contentType: "application/x-www-form-urlencoded",
    body: new TextEncoder().encode(form.toString()),
    query: "",
    remoteAddress: "192.0.2.1",
  };
}

function createControls(state: State): MemoryControls {
  const close =
    (outcome: "failed" | "cancelled" | "expired") =>
    (merchantRef: string, reason: string = outcome) => {
      state.closed.set(merchantRef, { outcome, reason });
    };
  const settleRefund = (
    merchantRefundRef: string,
    settle: (gatewayRefundId: string) => RefundOutcome,
  ): void => {
    const known = state.refunds.get(merchantRefundRef);
    if (known === undefined) throw new Error(`no refund ${merchantRefundRef} was carried out`);
    state.refundStates.set(known.gatewayRefundId, settle(known.gatewayRefundId));
  };
  return {
    calls: state.calls,
    sessions: state.sessions,
    refunds: state.refunds,
    pay: (merchantRef, part = {}) => pay(state, merchantRef, part),
    fail: close("failed"),
    reverse: (merchantRef) => {
      state.charges.delete(merchantRef);
      state.closed.set(merchantRef, { outcome: "failed", reason: "reversed" });
    },
    cancel: close("cancelled"),
    expire: close("expired"),
    setPending: (merchantRef, phase) => void state.closed.set(merchantRef, { outcome: "pending", phase }),
    setUnknown(operation, unknown, effect = "none") {
      if (unknown === null) state.unknowns.delete(operation);
      else state.unknowns.set(operation, { unknown, effect });
    },
    refuse(operation, reason) {
      if (reason === null) state.refusals.delete(operation);
      else state.refusals.set(operation, reason);
    },
    completeRefund: (ref) =>
      settleRefund(ref, (gatewayRefundId) => ({ outcome: "succeeded", gatewayRefundId })),
    cancelRefund: (ref, reason = "cancelled") => settleRefund(ref, () => ({ outcome: "rejected", reason })),
    callback: (merchantRef, part = {}) => writeCallback(state, merchantRef, part),
  };
}

/** A gateway without a wire, for use-case tests: everything is true the moment the test says so. */
export function memoryGateway(options: MemoryGatewayOptions = {}): MemoryGateway {
  const capabilities = { ...CAPABILITIES, ...options.capabilities };
  const state: State = {
    accountRef: options.accountRef ?? "memory-store",
    calls: [],
    sessions: new Map(),
    charges: new Map(),
    closed: new Map(),
    refunds: new Map(),
    refundStates: new Map(),
    unknowns: new Map(),
    refusals: new Map(),
    lastId: 0,
  };
  return {
    ...createControls(state),
    capabilities,
    accountRef: state.accountRef,
    redirectOrigins: [ORIGIN],
    openSession: (order) =>
      answer(state, "openSession", order.merchantRef, () => openSession(state, capabilities, order)),
    readCallback,
    confirm: ({ merchantRef }, gatewayRef) =>
      answer(state, "confirm", merchantRef, () => confirm(state, merchantRef, gatewayRef)),
    inquire: ({ merchantRef }) =>
      answer(state, "inquire", merchantRef, () => judgeCharges(state, merchantRef)),
    refund: (order) => answer(state, "refund", order.merchantRefundRef, () => refund(state, order)),
    inquireRefund: ({ merchantRefundRef, gatewayRefundId }) =>
      answer<RefundOutcome>(state, "inquireRefund", merchantRefundRef, () => {
        const known = state.refundStates.get(gatewayRefundId ?? "");
        return known ?? { outcome: "unknown", cause: "unlisted_status", sent: gatewayRefundId !== null };
      }),
    probe: async () => ({ healthy: true, note: "in memory" }),
  };
}
