import type { ServiceImpl } from "@connectrpc/connect";
import { LatePaymentPolicy } from "@oi/proto/payments/v1/application";
import { DifferingMoneyState, LateMoneyState } from "@oi/proto/payments/v1/checkout";
import { CallbackChannel, type CheckoutService } from "@oi/proto/payments/v1/checkout_service";
import { PaymentStatus } from "@oi/proto/payments/v1/payment";
import { modeToProto } from "@oi/proto/public/scope";
import { toTimestamp } from "@oi/proto/public/time";
import type { Checkouts } from "../application/ports.ts";
import type { Checkout } from "../domain/checkout.ts";

function toMessage(checkout: Checkout) {
  const { amountMinor, currency, productName, redirectUrl, expiresAt, paidAt, gatewayOrigins, ...others } =
    checkout;
  const { version, refundedAt, latePaymentPolicy, method, lateMoney, differingMoney, ...same } = others;
  return {
    ...same,
    status: PaymentStatus[checkout.status],
    mode: modeToProto(checkout.mode),
    amount: { amountMinor, currency },
    ...(productName === null ? {} : { productName }),
    ...(redirectUrl === null ? {} : { redirectUrl }),
    ...(expiresAt === null ? {} : { expiresAt: toTimestamp(expiresAt) }),
    ...(paidAt === null ? {} : { paidAt: toTimestamp(paidAt) }),
    gatewayOrigins: [...gatewayOrigins],
    version: BigInt(version),
    differingMoney: DifferingMoneyState[differingMoney ?? "UNSPECIFIED"],
    latePaymentPolicy: LatePaymentPolicy[latePaymentPolicy],
    ...(refundedAt === null ? {} : { refundedAt: toTimestamp(refundedAt) }),
    ...(method === null ? {} : { methodChannel: method.channel, methodBrand: method.brand }),
    ...(lateMoney === null ? {} : { lateMoney: { ...lateMoney, state: LateMoneyState[lateMoney.state] } }),
  };
}

/** The port the other way round: lets tests put any checkouts behind the wire. */
export function checkoutService(checkouts: Checkouts): ServiceImpl<typeof CheckoutService> {
  const trace = (context: { requestHeader: Headers }) => ({
    requestId: context.requestHeader.get("x-request-id") ?? "",
  });
  return {
    getCheckout: async ({ reference }, context) => ({
      checkout: toMessage(await checkouts.byReference(reference, trace(context))),
    }),
    openCheckout: async ({ reference }, context) => ({
      redirectUrl: await checkouts.open(reference, trace(context)),
    }),
    recordGatewayCallback: async ({ $typeName, $unknown, gateway, channel, ...callback }, context) => {
      const name = channel === CallbackChannel.RETURN ? "return" : "notification";
      await checkouts.recordCallback({ ...callback, channel: name }, trace(context));
      return {};
    },
  };
}
