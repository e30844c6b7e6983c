import type { FastifyInstance } from "fastify";
import type { Answers } from "./answers.ts";
import { callerOf } from "./caller.ts";

export function appRoutes(app: FastifyInstance, answers: Answers): void {
  app.get("/api/v1/app/me", async (request, reply) => {
    const { applicationId, applicationName, mode } = callerOf(request);
    return answers.success(request, reply, { id: applicationId, name: applicationName, mode });
  });
}
