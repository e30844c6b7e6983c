import type { FastifyInstance } from "fastify";
import type { Checkouts } from "../../application/ports.ts";
import { readCheckout } from "../../application/read-checkout.ts";
import { checkoutContext } from "../../domain/checkout.ts";
import type { Answers } from "./answers.ts";

/** The checkout for merchants who build a page of their own. */
export function checkoutRoutes(
  app: FastifyInstance,
  checkouts: Checkouts,
  answers: Answers,
  publicUrl: () => string,
): void {
  app.get<{ Params: { reference: string } }>(
    "/api/v1/checkout/:reference",
    { config: { bucket: "customer" } },
    async (request, reply) => {
      const checkout = await readCheckout({ checkouts }, request.params.reference, { requestId: request.id });
      return answers.success(request, reply, checkoutContext(checkout, publicUrl()));
    },
  );
}
