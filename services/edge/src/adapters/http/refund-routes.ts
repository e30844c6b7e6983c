import type { FastifyInstance } from "fastify";
import type { Refunds } from "../../application/refund-ports.ts";
import { pagination } from "../../domain/envelope.ts";
import { readIdempotencyKey } from "../../domain/idempotency-key.ts";
import type { Answers } from "./answers.ts";
import { callerOf } from "./caller.ts";
import { readPage } from "./list-page.ts";
import { readId } from "./path-id.ts";
import { readJson } from "./read-json.ts";
import { NewRefundBody, RefundListQuery } from "./refund-schemas.ts";

type WithId = { readonly Params: { readonly id: string } };

export function refundRoutes(app: FastifyInstance, refunds: Refunds, answers: Answers): void {
  app.post<WithId & { Body: NewRefundBody }>(
    "/api/v1/payments/:id/refunds",
    { schema: { body: NewRefundBody }, preValidation: readJson, config: { bucket: "refund" } },
    async (request, reply) => {
      const key = readIdempotencyKey(request.headers["idempotency-key"]);
      const paymentId = readId(request.params.id, "Payment");
      // Known fields only: whatever else a body holds goes no further.
      const { amountMinor, reason } = request.body;
      const trace = { requestId: request.id };
      const created = await refunds.create(callerOf(request), paymentId, { amountMinor, reason }, key, trace);
      return answers.created(reply, created.refund, created);
    },
  );

  app.get<WithId & { Querystring: RefundListQuery }>(
    "/api/v1/payments/:id/refunds",
    { schema: { querystring: RefundListQuery } },
    async (request, reply) => {
      const { page, size } = readPage(request.query);
      const query = { page, size, ascending: request.query.order === "ASC" };
      const paymentId = readId(request.params.id, "Payment");
      const found = await refunds.ofPayment(callerOf(request), paymentId, query, { requestId: request.id });
      return answers.success(request, reply, found.refunds, pagination(page, size, found.totalElements));
    },
  );

  app.get<WithId>("/api/v1/refunds/:id", async (request, reply) => {
    const id = readId(request.params.id, "Refund");
    return answers.success(
      request,
      reply,
      await refunds.byId(callerOf(request), id, { requestId: request.id }),
    );
  });
}
