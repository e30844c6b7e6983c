import { invalid } from "@oi/kernel/errors";
import type { FastifyInstance } from "fastify";
import type { Payments } from "../../application/ports.ts";
import { pagination } from "../../domain/envelope.ts";
import { readIdempotencyKey } from "../../domain/idempotency-key.ts";
import type { PaymentQuery } from "../../domain/payment.ts";
import type { Answers } from "./answers.ts";
import { callerOf } from "./caller.ts";
import { parseInstant } from "./instant-text.ts";
import { readPage } from "./list-page.ts";
import { readId } from "./path-id.ts";
import { ListQuery, NewPaymentBody } from "./payment-schemas.ts";
import { readJson } from "./read-json.ts";

const instantOrNone = (text: string | undefined) =>
  text === undefined ? undefined : (parseInstant(text) ?? undefined);

function readQuery(query: ListQuery): PaymentQuery {
  if (query.customerReference === undefined && query.reference === undefined) {
    throw invalid({ customerReference: "is required, unless reference is given" });
  }
  return {
    customerReference: query.customerReference,
    reference: query.reference,
    status: query.status,
    from: instantOrNone(query.from),
    to: instantOrNone(query.to),
    ...readPage(query),
    sortBy: query.sortBy ?? "createdAt",
    ascending: query.order === "ASC",
  };
}

/** Known fields only: whatever else a body holds goes no further. */
function readNewPayment({ invoiceId, currency = "", ...known }: NewPaymentBody) {
  return {
    amountMinor: known.amountMinor,
    currency,
    customerReference: known.customerReference,
    customerEmail: known.customerEmail,
    customerPhone: known.customerPhone,
    customerName: known.customerName,
    productName: known.productName,
    redirectUrl: known.redirectUrl,
    expiresInSeconds: known.expiresInSeconds,
  };
}

export function paymentRoutes(app: FastifyInstance, payments: Payments, answers: Answers): void {
  app.post<{ Body: NewPaymentBody }>(
    "/api/v1/payments",
    { schema: { body: NewPaymentBody }, preValidation: readJson },
    async (request, reply) => {
      const key = readIdempotencyKey(request.headers["idempotency-key"]);
      const trace = { requestId: request.id };
      const created = await payments.create(callerOf(request), readNewPayment(request.body), key, trace);
      return answers.created(reply, created.payment, created);
    },
  );

  app.get<{ Params: { id: string } }>("/api/v1/payments/:id", async (request, reply) => {
    const id = readId(request.params.id, "Payment");
    const payment = await payments.byId(callerOf(request), id, { requestId: request.id });
    return answers.success(request, reply, payment);
  });

  app.get<{ Querystring: ListQuery }>(
    "/api/v1/payments",
    { schema: { querystring: ListQuery } },
    async (request, reply) => {
      const query = readQuery(request.query);
      const found = await payments.list(callerOf(request), query, { requestId: request.id });
      const { page, size } = query;
      return answers.success(request, reply, found.payments, pagination(page, size, found.totalElements));
    },
  );
}
