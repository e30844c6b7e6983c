import type { DescService } from "@bufbuild/protobuf";
import type { HandlerContext, ServiceImpl } from "@connectrpc/connect";
import type { ApplicationsService } from "@oi/proto/payments/v1/applications_service";
import type { CheckoutService } from "@oi/proto/payments/v1/checkout_service";
import type { PaymentsService } from "@oi/proto/payments/v1/payments_service";
import type { RefundsService } from "@oi/proto/payments/v1/refunds_service";
import { operatorOf } from "./operator.ts";

export type MethodRule = {
  /** `person`: an operator decides, and the call names them in `oi-actor`. `program`: whoever may call it. */
  readonly by: "program" | "person";
  /**
   * Why a repeat acts once. `reads`: it changes nothing. `key`: by its idempotency key. `same`: what is there already is
   * found and stays.
   */
  readonly repeat: "reads" | "key" | "same";
  /** Whose token needs it in `RPC_CALLERS`: the edge, for merchants and customers, or internal teams. */
  readonly caller: "edge" | "team";
};

export type RulesOf<S extends DescService> = { readonly [M in keyof S["method"]]: MethodRule };

/** What each RPC asks of its caller. One without a rule does not compile. */
export const METHOD_RULES: {
  readonly payments: RulesOf<typeof PaymentsService>;
  readonly checkout: RulesOf<typeof CheckoutService>;
  readonly refunds: RulesOf<typeof RefundsService>;
  readonly applications: RulesOf<typeof ApplicationsService>;
} = {
  payments: {
    createPayment: { by: "program", repeat: "key", caller: "edge" },
    batchCreatePayments: { by: "program", repeat: "key", caller: "edge" },
    getPayment: { by: "program", repeat: "reads", caller: "edge" },
    listPayments: { by: "program", repeat: "reads", caller: "edge" },
    getReceipt: { by: "program", repeat: "same", caller: "edge" },
    getTimeline: { by: "program", repeat: "reads", caller: "edge" },
  },
  checkout: {
    getCheckout: { by: "program", repeat: "reads", caller: "edge" },
    openCheckout: { by: "program", repeat: "same", caller: "edge" },
    recordGatewayCallback: { by: "program", repeat: "same", caller: "edge" },
  },
  refunds: {
    createRefund: { by: "program", repeat: "key", caller: "edge" },
    createOperatorRefund: { by: "person", repeat: "key", caller: "team" },
    approveRefund: { by: "person", repeat: "same", caller: "team" },
    rejectRefund: { by: "person", repeat: "same", caller: "team" },
    getRefund: { by: "program", repeat: "reads", caller: "edge" },
    listRefunds: { by: "program", repeat: "reads", caller: "edge" },
    resolveUnknownRefund: { by: "person", repeat: "key", caller: "team" },
    listReviews: { by: "program", repeat: "reads", caller: "team" },
    resolveReview: { by: "person", repeat: "key", caller: "team" },
    confirmMismatch: { by: "person", repeat: "key", caller: "team" },
  },
  applications: {
    registerApplication: { by: "program", repeat: "key", caller: "team" },
    getApplication: { by: "program", repeat: "reads", caller: "team" },
    updateSettings: { by: "person", repeat: "key", caller: "team" },
    authenticateCredential: { by: "program", repeat: "reads", caller: "edge" },
    listCredentials: { by: "program", repeat: "reads", caller: "team" },
    rotateCredential: { by: "person", repeat: "key", caller: "team" },
    revokeCredential: { by: "person", repeat: "same", caller: "team" },
  },
};

type Handler = (request: unknown, context: HandlerContext) => unknown;

/** The handlers of a service, behind what their rules ask: what a person decides is refused to whoever names none. */
export function behindRules<S extends DescService>(
  rules: RulesOf<S>,
  handlers: ServiceImpl<S>,
): ServiceImpl<S> {
  const guarded = Object.entries(handlers as Record<string, Handler>).map(([name, handle]) => {
    const rule: MethodRule | undefined = rules[name as keyof S["method"]];
    if (rule?.by !== "person") return [name, handle];
    const guard: Handler = (request, context) => {
      operatorOf(context);
      return handle(request, context);
    };
    return [name, guard];
  });
  return Object.fromEntries(guarded);
}
