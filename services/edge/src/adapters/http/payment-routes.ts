import { invalid, notFound } from "@oi/kernel/errors";
import type { FastifyInstance, FastifyRequest } from "fastify";
import type { Payments } from "../../application/ports.ts";
import { pagination, successEnvelope } from "../../domain/envelope.ts";
import { readIdempotencyKey } from "../../domain/idempotency-key.ts";
import { LIST_DEPTH, type PaymentQuery } from "../../domain/payment.ts";
import type { Answers } from "./answers.ts";
import { callerOf } from "./caller.ts";
import { parseInstant } from "./instant-text.ts";
import { parseJsonBody } from "./json-body.ts";
import { requireMediaType } from "./media-type.ts";
import { ListQuery, NewPaymentBody } from "./payment-schemas.ts";

/** 415 before 400; 413 was said while the body came in. */
async function readJson(request: FastifyRequest): Promise<void> {
  const bytes = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
  requireMediaType(request.headers, "application/json", bytes);
  request.body = parseJsonBody(bytes);
}

/** Ids are integers up to 2^53−1; any other text is the id of nothing. */
function readId(text: string): number {
  const id = /^[1-9]\d{0,15}$/.test(text) ? Number(text) : 0;
  if (id < 1 || !Number.isSafeInteger(id)) throw notFound("Payment");
  return id;
}

const instantOrNone = (text: string | undefined) =>
  text === undefined ? undefined : (parseInstant(text) ?? undefined);

function readQuery(query: ListQuery): PaymentQuery {
  if (query.customerReference === undefined && query.reference === undefined) {
    throw invalid({ customerReference: "is required, unless reference is given" });
  }
  const page = Number(query.page ?? 0);
  const size = Number(query.size ?? 20);
  if ((page + 1) * size > LIST_DEPTH)
    throw invalid({ page: `(page + 1) × size must be at most ${LIST_DEPTH}` });
  return {
    customerReference: query.customerReference,
    reference: query.reference,
    status: query.status,
    from: instantOrNone(query.from),
    to: instantOrNone(query.to),
    page,
    size,
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
      if (created.replayed) reply.header("idempotent-replayed", "true");
      // Rendered from the first answer's own stamp, so that a replay has the same bytes.
      const stamp = { at: created.answeredAt, requestId: created.firstRequestId };
      return answers.envelope(reply.code(201), successEnvelope(created.payment, stamp));
    },
  );

  app.get<{ Params: { id: string } }>("/api/v1/payments/:id", async (request, reply) => {
    const id = readId(request.params.id);
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
