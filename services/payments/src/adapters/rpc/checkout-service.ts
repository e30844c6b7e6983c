import type { ServiceImpl } from "@connectrpc/connect";
import { DifferingMoneyState, LateMoneyState } from "@oi/proto/payments/v1/checkout";
import {
  CallbackChannel,
  type CheckoutService,
  type RecordGatewayCallbackRequest,
} from "@oi/proto/payments/v1/checkout_service";
import { PaymentStatus } from "@oi/proto/payments/v1/payment";
import { modeToProto } from "@oi/proto/public/scope";
import { toTimestamp } from "@oi/proto/public/time";
import type { CheckoutView, GetCheckout } from "../../application/get-checkout.ts";
import type { OpenCheckout } from "../../application/open-checkout.ts";
import type { TakeCallback } from "../../application/take-callback.ts";
import type { LateMoney } from "../../domain/checkout.ts";
import type { RawCallback } from "../../domain/gateway.ts";
import { isPaid } from "../../domain/payment.ts";
import { policyMessage } from "./application-message.ts";
import { statusMessage } from "./payment-message.ts";

type Ports = {
  readonly getCheckout: GetCheckout;
  readonly openCheckout: OpenCheckout;
  readonly takeCallback: TakeCallback;
};

export function checkoutService(ports: Ports): ServiceImpl<typeof CheckoutService> {
  return {
    async getCheckout(request) {
      return { checkout: checkoutMessage(await ports.getCheckout(request.reference)) };
    },
    openCheckout: (request, context) => ports.openCheckout(request.reference, context.signal),
    async recordGatewayCallback(request) {
      const reference = request.channel === CallbackChannel.RETURN ? request.reference : null;
      const status = await ports.takeCallback("SSLCOMMERZ", rawCallback(request), reference);
      return { status: status === null ? PaymentStatus.UNSPECIFIED : statusMessage(status) };
    },
  };
}

function rawCallback(request: RecordGatewayCallbackRequest): RawCallback {
  return {
    channel: request.channel === CallbackChannel.RETURN ? "return" : "notification",
    method: request.method,
    contentType: request.contentType,
    body: request.body,
    query: request.query,
    remoteAddress: request.remoteAddress,
  };
}

function checkoutMessage(view: CheckoutView) {
  const { payment, method, refundedAt, lateMoney, differingMoney } = view;
  return {
    reference: payment.reference,
    status: statusMessage(payment.status),
    mode: modeToProto(payment.scope.mode),
    amount: payment.amount,
    appName: view.applicationName,
    gateway: payment.gateway,
    expiresAt: toTimestamp(payment.expiresAt),
    underReview: payment.reviewReasons.length > 0,
    gatewayOrigins: [...view.gatewayOrigins],
    awaitingConfirmation: view.awaitingConfirmation,
    version: BigInt(payment.version),
    refundedMinor: isPaid(payment) ? payment.paid.refundedMinor : 0n,
    latePaymentPolicy: policyMessage(view.latePaymentPolicy),
    differingMoney: DifferingMoneyState[differingMoney ?? "UNSPECIFIED"],
    ...(payment.productName === null ? {} : { productName: payment.productName }),
    ...(payment.redirectUrl === null ? {} : { redirectUrl: payment.redirectUrl }),
    ...(method === null ? {} : { methodChannel: method.channel, methodBrand: method.brand }),
    ...(refundedAt === null ? {} : { refundedAt: toTimestamp(refundedAt) }),
    ...(lateMoney === null ? {} : { lateMoney: lateMoneyMessage(lateMoney) }),
    ...(isPaid(payment) ? { paidAt: toTimestamp(payment.paid.at) } : {}),
  };
}

function lateMoneyMessage({ amountMinor, state }: LateMoney) {
  return { amountMinor, state: LateMoneyState[state] };
}
