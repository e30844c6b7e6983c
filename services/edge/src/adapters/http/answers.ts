import type { DomainError } from "@oi/kernel/errors";
import type { Clock } from "@oi/platform/service/clock";
import type { FastifyReply, FastifyRequest } from "fastify";
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
  /** An answer whose bytes must not depend on when and for whom it is rendered. */
  envelope(reply: FastifyReply, envelope: Envelope): FastifyReply;
  failure(request: FastifyRequest, reply: FastifyReply, error: DomainError): FastifyReply;
};

export function jsonAnswers(clock: Clock, links: ErrorLinks): Answers {
  const stamp = (request: FastifyRequest) => ({ at: clock.now(), requestId: request.id });
  return {
    success: (request, reply, data, pagination = null) =>
      sendJson(reply, successEnvelope(data, stamp(request), pagination)),
    envelope: sendJson,
    failure: (request, reply, error) => {
      prepareFailure(request, reply, error, links);
      return sendJson(reply, failureEnvelope(error, stamp(request), links.of(error.reason)));
    },
  };
}
