import type { DescService } from "@bufbuild/protobuf";
import type { ServiceImpl } from "@connectrpc/connect";
import { type MountedService, mountService } from "@oi/platform/rpc/service";
import type { Logger } from "@oi/platform/telemetry/logger";
import { ApplicationsService } from "@oi/proto/payments/v1/applications_service";
import { CheckoutService } from "@oi/proto/payments/v1/checkout_service";
import { PaymentsService } from "@oi/proto/payments/v1/payments_service";
import { RefundsService } from "@oi/proto/payments/v1/refunds_service";
import { applicationsService } from "./applications-service.ts";
import { checkoutService } from "./checkout-service.ts";
import { behindRules, METHOD_RULES, type RulesOf } from "./method-rules.ts";
import { paymentsService } from "./payments-service.ts";
import { refundsService } from "./refunds-service.ts";

type UseCases = Parameters<typeof paymentsService>[0] &
  Parameters<typeof checkoutService>[0] &
  Parameters<typeof refundsService>[0] &
  Parameters<typeof applicationsService>[0];

/** Everything that payments answers, ready for both doors. */
export function mountPayments(useCases: UseCases, log: Logger): MountedService[] {
  const mount = <S extends DescService>(desc: S, rules: RulesOf<S>, impl: ServiceImpl<S>) =>
    mountService(desc, behindRules(rules, impl), log);
  return [
    mount(PaymentsService, METHOD_RULES.payments, paymentsService(useCases)),
    mount(CheckoutService, METHOD_RULES.checkout, checkoutService(useCases)),
    mount(RefundsService, METHOD_RULES.refunds, refundsService(useCases)),
    mount(ApplicationsService, METHOD_RULES.applications, applicationsService(useCases)),
  ];
}
