import type { Server } from "node:http";
import { DomainError } from "@oi/kernel/errors";
import type { Clock } from "@oi/platform/service/clock";
import type { Logger } from "@oi/platform/telemetry/logger";
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from "fastify";
import type { Checkouts, Credentials, Payments } from "../../application/ports.ts";
import type { Lang } from "../../domain/language.ts";
import { type Answers, jsonAnswers } from "./answers.ts";
import { appRoutes } from "./app-routes.ts";
import { requireCaller } from "./caller.ts";
import { checkoutPageRoutes } from "./checkout-page-routes.ts";
import { checkoutRoutes } from "./checkout-routes.ts";
import { logFailure, toDomainError, unknownPath } from "./failures.ts";
import { notificationRoute, returnRoutes } from "./gateway-routes.ts";
import { type HttpServer, httpServer } from "./http-server.ts";
import { checkoutPathOf, htmlPages, type Pages } from "./pages.ts";
import { type PathMethods, pathMethods } from "./path-methods.ts";
import { paymentRoutes } from "./payment-routes.ts";
import { readBody } from "./read-body.ts";
import { chooseRequestId, logRequests, requireHost } from "./request-hooks.ts";
import { VALIDATION } from "./validation.ts";

export type EdgeHttpOptions = {
  readonly payments: Payments;
  readonly checkouts: Checkouts;
  readonly credentials: Credentials;
  readonly clock: Clock;
  readonly log: Logger;
  /** Known only once the port is, when the port is chosen by the system. */
  readonly publicUrl: () => string;
  readonly trustedProxyHops: number;
  readonly defaultLanguage: Lang;
};

/** Path and method are judged before anything else: 404, 405 with `Allow`, and the answer to OPTIONS. */
function judgePath(app: FastifyInstance, paths: PathMethods): void {
  app.addHook("onRequest", async (request, reply) => {
    if (!request.is404) return;
    const [path = ""] = request.raw.url?.split("?") ?? [];
    const allowed = paths.of(path);
    if (allowed === null) throw unknownPath();
    reply.header("allow", allowed.join(", "));
    if (request.method === "OPTIONS") return reply.code(204).send();
    throw new DomainError("METHOD_NOT_ALLOWED", `${request.method} is not possible here.`);
  });
}

function failer(log: Logger, answers: Answers, pages: Pages) {
  return (cause: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply => {
    const error = toDomainError(cause);
    logFailure(log, request, error);
    const page = checkoutPathOf(request);
    if (page === null || error.reason === "METHOD_NOT_ALLOWED") return answers.failure(request, reply, error);
    return pages.failure(request, reply, error, page);
  };
}

function registerRoutes(
  app: FastifyInstance,
  options: EdgeHttpOptions,
  answers: Answers,
  pages: Pages,
): void {
  const { payments, checkouts, credentials, publicUrl } = options;
  app.register(async (merchants) => {
    requireCaller(merchants, credentials);
    paymentRoutes(merchants, payments, answers);
    appRoutes(merchants, answers);
  });
  checkoutRoutes(app, checkouts, answers, publicUrl);
  checkoutPageRoutes(app, { checkouts, pages, publicUrl });
  notificationRoute(app, { ...options, pages });
  returnRoutes(app, { ...options, pages });
}

/** The public HTTP server, ready to listen. */
export async function edgeHttp(options: EdgeHttpOptions): Promise<HttpServer> {
  const answers = jsonAnswers(options.clock);
  const pages = htmlPages(options);
  const fail = failer(options.log, answers, pages);
  const paths = pathMethods();
  let server: HttpServer | undefined;
  const app = Fastify({
    ...VALIDATION,
    serverFactory: (handler): Server => {
      server = httpServer(handler, options.clock);
      return server.node;
    },
    clientErrorHandler: () => undefined,
    frameworkErrors: (error, request, reply) => fail(error, request, reply),
    logger: false,
    requestIdHeader: false,
    genReqId: chooseRequestId,
    forceCloseConnections: false,
  });
  app.addHook("onRoute", ({ url, method }) => paths.add(url, [method].flat()));
  logRequests(app, options.log);
  requireHost(app);
  judgePath(app, paths);
  app.setErrorHandler(fail);
  app.setNotFoundHandler(() => {
    throw unknownPath();
  });
  app.removeAllContentTypeParsers();
  // Bytes only: what they must be is judged after their size, and differs from route to route.
  app.addContentTypeParser("*", async (request: FastifyRequest) => await readBody(request.raw));
  registerRoutes(app, options, answers, pages);
  await app.ready();
  if (!server) throw new Error("fastify did not ask for a server");
  return server;
}
