import { type MountedService, mountService } from "@oi/platform/rpc/service";
import type { Logger } from "@oi/platform/telemetry/logger";
import { ApplicationsService } from "@oi/proto/payments/v1/applications_service";
import { CheckoutService } from "@oi/proto/payments/v1/checkout_service";
import { PaymentsService } from "@oi/proto/payments/v1/payments_service";
import { RefundsService } from "@oi/proto/payments/v1/refunds_service";
import { applicationsService } from "./applications-service.ts";
import { checkoutService } from "./checkout-service.ts";
import { paymentsService } from "./payments-service.ts";
import { refundsService } from "./refunds-service.ts";

type UseCases = Parameters<typeof paymentsService>[0] &
  Parameters<typeof checkoutService>[0] &
  Parameters<typeof refundsService>[0] &
  Parameters<typeof applicationsService>[0];

/** Everything that payments answers, ready for both doors. */
export function mountPayments(useCases: UseCases, log: Logger): MountedService[] {
  return [
    mountService(PaymentsService, paymentsService(useCases), log),
    mountService(CheckoutService, checkoutService(useCases), log),
    mountService(RefundsService, refundsService(useCases), log),
    mountService(ApplicationsService, applicationsService(useCases), log),
  ];
}
