import { assert } from "@oi/kernel/assert";
import { rpcClient, type Transport } from "@oi/platform/rpc/client";
import { rpc } from "@oi/platform/rpc/errors";
import { LatePaymentPolicy } from "@oi/proto/payments/v1/application";
import {
  type Checkout as CheckoutMessage,
  DifferingMoneyState,
  type LateMoney as LateMoneyMessage,
  LateMoneyState,
} from "@oi/proto/payments/v1/checkout";
import { CallbackChannel, CheckoutService } from "@oi/proto/payments/v1/checkout_service";
import { PaymentStatusSchema } from "@oi/proto/payments/v1/payment";
import { enumName } from "@oi/proto/public/enum-name";
import { modeFromProto } from "@oi/proto/public/scope";
import { fromTimestamp } from "@oi/proto/public/time";
import type { Checkouts } from "../../application/ports.ts";
import type { Checkout, DifferingMoney, LateMoney } from "../../domain/checkout.ts";
import { PAYMENT_STATUSES, type PaymentStatus } from "../../domain/payment.ts";
import { callOptions, DEADLINE_MS } from "./call-options.ts";

function statusOf(message: CheckoutMessage): PaymentStatus {
  const name = enumName(PaymentStatusSchema, message.status);
  const status = PAYMENT_STATUSES.find((known) => known === name);
  assert(status !== undefined, `payments answered with status ${name}`);
  return status;
}

/** What this version does not know of is promised to nobody: the shop says what becomes of it. */
function toLateMoney({ amountMinor, state }: LateMoneyMessage): LateMoney {
  const known = { [LateMoneyState.RETURNING]: "RETURNING", [LateMoneyState.RETURNED]: "RETURNED" } as const;
  return { amountMinor, state: known[state as keyof typeof known] ?? "HELD" };
}

const DIFFERING: Readonly<Partial<Record<DifferingMoneyState, DifferingMoney | null>>> = {
  [DifferingMoneyState.UNSPECIFIED]: null,
  [DifferingMoneyState.RETURNING]: "RETURNING",
  [DifferingMoneyState.RETURNED]: "RETURNED",
  [DifferingMoneyState.SETTLED]: "SETTLED",
};

function toDifferingMoney(state: DifferingMoneyState): DifferingMoney | null {
  const known = DIFFERING[state];
  return known === undefined ? "HELD" : known;
}

function toCheckout(message: CheckoutMessage): Checkout {
  return {
    reference: message.reference,
    status: statusOf(message),
    mode: modeFromProto(message.mode),
    amountMinor: message.amount?.amountMinor ?? 0n,
    currency: message.amount?.currency ?? "",
    appName: message.appName,
    productName: message.productName ?? null,
    gateway: message.gateway,
    redirectUrl: message.redirectUrl ?? null,
    expiresAt: message.expiresAt ? fromTimestamp(message.expiresAt) : null,
    paidAt: message.paidAt ? fromTimestamp(message.paidAt) : null,
    underReview: message.underReview,
    awaitingConfirmation: message.awaitingConfirmation,
    gatewayOrigins: message.gatewayOrigins,
    version: Number(message.version),
    refundedMinor: message.refundedMinor,
    refundedAt: message.refundedAt ? fromTimestamp(message.refundedAt) : null,
    latePaymentPolicy: message.latePaymentPolicy === LatePaymentPolicy.REFUND ? "REFUND" : "HOLD",
    method:
      message.methodChannel === undefined
        ? null
        : { channel: message.methodChannel, brand: message.methodBrand ?? "" },
    lateMoney: message.lateMoney ? toLateMoney(message.lateMoney) : null,
    differingMoney: toDifferingMoney(message.differingMoney),
  };
}

const CHANNELS = { return: CallbackChannel.RETURN, notification: CallbackChannel.NOTIFICATION } as const;

export function rpcCheckouts(transport: Transport): Checkouts {
  const client = rpcClient(CheckoutService, transport);
  return {
    byReference: async (reference, trace) => {
      const answer = await rpc(client.getCheckout({ reference }, callOptions(trace, DEADLINE_MS.store)));
      assert(answer.checkout !== undefined, "payments answered without checkout");
      return toCheckout(answer.checkout);
    },
    open: async (reference, trace) => {
      const options = callOptions(trace, DEADLINE_MS.openCheckout);
      return (await rpc(client.openCheckout({ reference }, options))).redirectUrl;
    },
    recordCallback: async ({ channel, ...callback }, trace) => {
      const request = { ...callback, gateway: "SSLCOMMERZ", channel: CHANNELS[channel] };
      await rpc(client.recordGatewayCallback(request, callOptions(trace, DEADLINE_MS.recordCallback)));
    },
  };
}
