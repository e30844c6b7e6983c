import { invalid } from "@oi/kernel/errors";
import type { FastifyInstance } from "fastify";
import type { Payments } from "../../application/ports.ts";
import { acceptsType } from "../../domain/media-range.ts";
import type { Answers } from "./answers.ts";
import { callerOf } from "./caller.ts";
import { readId } from "./path-id.ts";

/** Whoever asks for a page or a file must not take an envelope for one. */
function requireJsonAccepted(accept: string | undefined): void {
  if (acceptsType(accept, "application/json")) return;
  throw invalid({ Accept: "must include application/json, the only representation there is" });
}

export function receiptRoutes(
  app: FastifyInstance,
  payments: Pick<Payments, "receipt">,
  answers: Answers,
): void {
  app.get<{ Params: { id: string } }>("/api/v1/payments/:id/receipt", async (request, reply) => {
    reply.header("vary", "Accept");
    requireJsonAccepted(request.headers.accept);
    const id = readId(request.params.id, "Payment");
    const receipt = await payments.receipt(callerOf(request), id, { requestId: request.id });
    return answers.success(request, reply, receipt);
  });
}
