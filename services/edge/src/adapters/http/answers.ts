import type { DomainError } from "@oi/kernel/errors";
import type { Clock } from "@oi/platform/service/clock";
import type { FastifyReply, FastifyRequest } from "fastify";
import type { FirstAnswer } from "../../application/ports.ts";
import { type Envelope, failureEnvelope, type Pagination, successEnvelope } from "../../domain/envelope.ts";
import type { ErrorLinks } from "./error-links.ts";
import { prepareFailure } from "./failures.ts";

function sendJson(reply: FastifyReply, envelope: Envelope): FastifyReply {
  reply.header("content-type", "application/json; charset=utf-8");
  return reply.send(JSON.stringify(envelope));
}

/** The JSON answers, each in the envelope. */
export type Answers = {
  success(
    request: FastifyRequest,
    reply: FastifyReply,
    data: unknown,
    pagination?: Pagination | null,
  ): FastifyReply;
  /** 201, rendered from the first answer's own stamp, so that a replay has the same bytes. */
  created(reply: FastifyReply, data: unknown, first: FirstAnswer): FastifyReply;
  failure(request: FastifyRequest, reply: FastifyReply, error: DomainError): FastifyReply;
};

export function jsonAnswers(clock: Clock, links: ErrorLinks): Answers {
  const stamp = (request: FastifyRequest) => ({ at: clock.now(), requestId: request.id });
  return {
    success: (request, reply, data, pagination = null) =>
      sendJson(reply, successEnvelope(data, stamp(request), pagination)),
    created: (reply, data, { answeredAt: at, firstRequestId: requestId, replayed }) => {
      if (replayed) reply.header("idempotent-replayed", "true");
      return sendJson(reply.code(201), successEnvelope(data, { at, requestId }));
    },
    failure: (request, reply, error) => {
      prepareFailure(request, reply, error, links);
      return sendJson(reply, failureEnvelope(error, stamp(request), links.of(error.reason)));
    },
  };
}
