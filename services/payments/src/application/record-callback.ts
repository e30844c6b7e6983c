import { notFound } from "@oi/kernel/errors";
import { PAYMENT_REFERENCE_PATTERN } from "@oi/kernel/id";
import { ruleOnCallback } from "../domain/callback.ts";
import type { Claim, GatewayKind, RawCallback } from "../domain/gateway.ts";
import type { PaymentStatus } from "../domain/payment.ts";
import type { PaymentGateways } from "./payment-gateway.ts";
import type { CallbackStore, CallbackTarget } from "./ports.ts";

export type CallbackReceipt = {
  /** The attempt to ask about; null when nobody needs to be asked. */
  readonly askAbout: number | null;
  readonly status: PaymentStatus | null;
};

export type RecordCallback = (
  gateway: GatewayKind,
  callback: RawCallback,
  /** The reference in a return's path; null for a notification. */
  reference: string | null,
) => Promise<CallbackReceipt>;

export type RecordCallbackPorts = {
  readonly callbacks: CallbackStore;
  readonly gateways: PaymentGateways;
  readonly digest: (callback: RawCallback, reference: string | null) => Uint8Array;
  readonly maskedPayload: (callback: RawCallback) => string;
};

/** Stores a callback as evidence, with what it is worth. The gateway is asked by whoever works the inquiries. */
export function recordCallback(ports: RecordCallbackPorts): RecordCallback {
  return async (kind, callback, reference) => {
    if (reference !== null && !PAYMENT_REFERENCE_PATTERN.test(reference)) throw notFound("Payment");
    const target = await findTarget(ports, kind, callback, reference);
    // Only the account of the attempt can judge the signature.
    const gateway = target && ports.gateways.of(target.attempt.account);
    const claim = gateway ? gateway.readCallback(callback) : readUnmatched(ports.gateways, kind, callback);
    const subject = target && gateway ? { ...target, accountRef: gateway.accountRef } : null;
    const ruling = ruleOnCallback(claim, callback.channel, reference, subject);
    const evidence = {
      gateway: kind,
      channel: callback.channel,
      digest: ports.digest(callback, reference),
      reference,
      claim,
      rawPayload: ports.maskedPayload(callback),
      remoteAddress: callback.remoteAddress,
    };
    const fresh = await ports.callbacks.record(evidence, ruling, target);
    const ask = fresh && ruling.ask && target !== null;
    return { askAbout: ask ? target.attempt.id : null, status: target?.payment.status ?? null };
  };
}

/** By the reference inside, else by the path's payment: its newest attempt. A path that names nothing is refused. */
async function findTarget(
  { callbacks, gateways }: RecordCallbackPorts,
  kind: GatewayKind,
  callback: RawCallback,
  reference: string | null,
): Promise<CallbackTarget | null> {
  const { merchantRef } = gateways.identify(kind, callback);
  const named = merchantRef === null ? null : await callbacks.targetByMerchantRef(merchantRef);
  if (named || reference === null) return named;
  const byPath = await callbacks.targetByReference(reference);
  if (!byPath) throw notFound("Payment");
  // A return that names an attempt nobody knows says nothing about the path's payment.
  return merchantRef === null ? byPath : null;
}

/** Nobody's attempt: what it says is kept, judged by the account it names, for the attempt may show up yet. */
function readUnmatched(gateways: PaymentGateways, kind: GatewayKind, callback: RawCallback): Claim {
  const { merchantRef, accountRef } = gateways.identify(kind, callback);
  const named = accountRef === null ? null : gateways.named(accountRef);
  return named ? named.readCallback(callback) : { ...UNREADABLE, merchantRef };
}

const UNREADABLE: Claim = {
  merchantRef: null,
  gatewayRef: null,
  accountRef: null,
  money: null,
  says: "unrecognised",
  signature: "absent",
  note: null,
};
