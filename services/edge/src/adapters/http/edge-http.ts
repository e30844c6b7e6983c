import type { Server } from "node:http";
import { DomainError } from "@oi/kernel/errors";
import type { Clock } from "@oi/platform/service/clock";
import type { Logger } from "@oi/platform/telemetry/logger";
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from "fastify";
import type {
  Checkouts,
  CheckoutWatches,
  Credentials,
  Payments,
  RateLimiter,
} from "../../application/ports.ts";
import type { Refunds } from "../../application/refund-ports.ts";
import type { LedgerRecord, PaymentHistory, WebhookLog } from "../../application/timeline-ports.ts";
import type { Lang } from "../../domain/language.ts";
import { type Answers, jsonAnswers } from "./answers.ts";
import { appRoutes } from "./app-routes.ts";
import { requireCaller } from "./caller.ts";
import { checkoutEventRoutes, type LiveCheckouts, type LiveLimits } from "./checkout-event-routes.ts";
import { checkoutPageRoutes } from "./checkout-page-routes.ts";
import { checkoutRoutes } from "./checkout-routes.ts";
import { docsRoutes } from "./docs/docs-routes.ts";
import { watchRoutes } from "./docs/document.ts";
import { errorLinks } from "./error-links.ts";
import { logFailure, toDomainError, unknownPath } from "./failures.ts";
import { notificationRoute, returnRoutes } from "./gateway-routes.ts";
import type { HttpLimits } from "./http-limits.ts";
import { type HttpServer, httpServer } from "./http-server.ts";
import { checkoutPathOf, htmlPages, type Pages } from "./pages.ts";
import { type PathMethods, pathMethods } from "./path-methods.ts";
import { paymentRoutes } from "./payment-routes.ts";
import { readBody } from "./read-body.ts";
import { receiptRoutes } from "./receipt-routes.ts";
import { refundRoutes } from "./refund-routes.ts";
import { reportRoute } from "./report-route.ts";
import { type Check, chooseRequestId, logRequests, ownHost, safeDefaults } from "./request-hooks.ts";
import { type RequestLimits, requestLimits } from "./request-limits.ts";
import { timelineRoutes } from "./timeline-routes.ts";
import { VALIDATION } from "./validation.ts";

export type EdgeHttpOptions = {
  readonly payments: Payments;
  readonly refunds: Refunds;
  readonly history: PaymentHistory;
  readonly ledger: LedgerRecord;
  readonly webhooks: WebhookLog;
  readonly checkouts: Checkouts;
  readonly watches: CheckoutWatches;
  readonly credentials: Credentials;
  readonly limiter: RateLimiter;
  readonly clock: Clock;
  readonly log: Logger;
  /** Known only once the port is, when the port is chosen by the system. */
  readonly publicUrl: () => string;
  readonly trustedProxyHops: number;
  readonly limits: HttpLimits;
  readonly live: LiveLimits;
  /** Hosts that `Host` may name, lower case and without port. */
  readonly allowedHosts: readonly string[];
  /** Whether the reference pages are served. */
  readonly docs: boolean;
  readonly defaultLanguage: Lang;
};

/** What the server as a whole can do, which is what `OPTIONS *` asks. */
const SERVER_METHODS = ["GET", "HEAD", "OPTIONS", "POST"];

/** Path and method are judged before credentials and body: 404, 405 with `Allow`, and the answer to OPTIONS. */
function judgePath(app: FastifyInstance, paths: PathMethods): void {
  app.addHook("onRequest", async (request, reply) => {
    if (!request.is404) return;
    const [path = ""] = request.raw.url?.split("?") ?? [];
    const allowed = request.method === "OPTIONS" && path === "*" ? SERVER_METHODS : paths.of(path);
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
  limits: RequestLimits,
): LiveCheckouts {
  const { payments, checkouts, credentials, publicUrl, clock } = options;
  app.register(async (merchants) => {
    requireCaller(merchants, credentials, limits);
    paymentRoutes(merchants, payments, answers);
    refundRoutes(merchants, options.refunds, answers);
    receiptRoutes(merchants, payments, answers);
    timelineRoutes(merchants, options, { answers, log: options.log });
    appRoutes(merchants, answers);
  });
  checkoutRoutes(app, checkouts, answers, publicUrl);
  checkoutPageRoutes(app, { checkouts, pages, publicUrl, clock });
  reportRoute(app, options.log);
  notificationRoute(app, { ...options, pages });
  returnRoutes(app, { ...options, pages });
  return checkoutEventRoutes(app, { ...options, limits: options.live, addressOf: limits.addressOf });
}

/** Whom we listen to at all. It comes before path, credentials and body. */
function admission(options: EdgeHttpOptions, limits: RequestLimits): Check {
  const { allowedHosts, publicUrl } = options;
  const setDefaults = safeDefaults(publicUrl);
  const requireOwnHost = ownHost({ allowedHosts, maxHeaders: options.limits.maxHeaders });
  return (request, reply) => {
    setDefaults(request, reply);
    requireOwnHost(request, reply);
    limits.takeForStranger(request);
  };
}

/** Streams would keep a server that drains from ever ending. */
function withStreams(server: HttpServer, live: LiveCheckouts): HttpServer {
  return {
    ...server,
    close: (limitMs) => {
      const closed = server.close(limitMs);
      live.drain();
      return closed;
    },
  };
}

/** The public HTTP server, ready to listen. */
export async function edgeHttp(options: EdgeHttpOptions): Promise<HttpServer> {
  const { clock, log, publicUrl } = options;
  const links = errorLinks(publicUrl, options.docs);
  const answers = jsonAnswers(clock, links);
  const pages = htmlPages({ ...options, links });
  const limits = requestLimits(options.limiter, options.trustedProxyHops);
  const fail = failer(log, answers, pages);
  const paths = pathMethods();
  const admit = admission(options, limits);
  let server: HttpServer | undefined;
  const app = Fastify({
    ...VALIDATION,
    serverFactory: (handler): Server => {
      server = httpServer(handler, { clock, limits: options.limits, links });
      return server.node;
    },
    clientErrorHandler: () => undefined,
    frameworkErrors: (error, request, reply) => {
      try {
        admit(request, reply);
      } catch (refusal) {
        return fail(refusal, request, reply);
      }
      return fail(error, request, reply);
    },
    logger: false,
    requestIdHeader: false,
    genReqId: chooseRequestId,
    forceCloseConnections: false,
  });
  app.addHook("onRoute", ({ url, method }) => paths.add(url, [method].flat()));
  logRequests(app, log);
  app.addHook("onRequest", async (request, reply) => admit(request, reply));
  judgePath(app, paths);
  app.setErrorHandler(fail);
  app.setNotFoundHandler(() => {
    throw unknownPath();
  });
  app.removeAllContentTypeParsers();
  // Bytes only: what they must be is judged after their size, and differs from route to route.
  app.addContentTypeParser(
    "*",
    async (request: FastifyRequest) => await readBody(request.raw, options.limits.maxBodyBytes),
  );
  if (options.docs) {
    await watchRoutes(app, { publicUrl, links });
    docsRoutes(app, (reason) => links.of(reason) ?? "");
  }
  const live = registerRoutes(app, options, answers, pages, limits);
  await app.ready();
  if (!server) throw new Error("fastify did not ask for a server");
  return withStreams(server, live);
}
