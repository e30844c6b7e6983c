import type { Logger } from "@oi/platform/telemetry/logger";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { Checkouts, GatewayCallback } from "../../application/ports.ts";
import { recordReturn } from "../../application/record-return.ts";
import { clientAddress } from "./client-address.ts";
import { toDomainError } from "./failures.ts";
import { requireMediaType } from "./media-type.ts";
import type { Pages } from "./pages.ts";
import { redirect } from "./redirect.ts";

const BASE = "/api/v1/gateways/sslcommerz";

type ReturnRoute = { Params: { reference: string } };

function bodyOf(request: FastifyRequest): Buffer {
  return Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
}

/** The request as it came, byte for byte; what it means is for payments to say. */
function callbackOf(
  request: FastifyRequest,
  trustedProxyHops: number,
  channel: GatewayCallback["channel"],
  reference: string,
): GatewayCallback {
  const [path = "", query = ""] = request.raw.url?.split(/\?(.*)/s) ?? [];
  return {
    channel,
    reference,
    method: request.method,
    path,
    contentType: (request.headers["content-type"] ?? "").slice(0, 255),
    body: bodyOf(request),
    query,
    remoteAddress: clientAddress(request.raw, trustedProxyHops).slice(0, 64),
  };
}

type Deps = {
  readonly checkouts: Checkouts;
  readonly pages: Pages;
  readonly publicUrl: () => string;
  readonly trustedProxyHops: number;
  readonly log: Logger;
};

/** The gateway's own call: 200 once the evidence is stored, whatever it will turn out to be, forged included. */
export function notificationRoute(app: FastifyInstance, { checkouts, trustedProxyHops }: Deps): void {
  app.post(`${BASE}/ipn`, { config: { bucket: "gateway" } }, async (request, reply) => {
    requireMediaType(request.headers, "application/x-www-form-urlencoded", bodyOf(request));
    const callback = callbackOf(request, trustedProxyHops, "notification", "");
    await checkouts.recordCallback(callback, { requestId: request.id });
    return reply.code(200).header("cache-control", "no-store").send();
  });
}

/**
 * The customer's browser on its way back. It posts from the gateway's site, so there is neither cookie nor token. It
 * ends on the checkout page even when its evidence could not be taken: the gateway is asked again later anyway.
 */
export function returnRoutes(app: FastifyInstance, deps: Deps): void {
  const { checkouts, pages, publicUrl, trustedProxyHops, log } = deps;
  const goHome = (reply: FastifyReply, reference: string): FastifyReply =>
    redirect(reply, `${publicUrl()}/checkout/${reference}?from=gateway`);

  for (const outcome of ["success", "fail", "cancel"]) {
    app.route<ReturnRoute>({
      method: ["GET", "POST"],
      url: `${BASE}/return/${outcome}/:reference`,
      config: { bucket: "customer" },
      handler: async (request, reply) => {
        const { reference } = request.params;
        if (request.method !== "HEAD") {
          const callback = callbackOf(request, trustedProxyHops, "return", reference);
          await recordReturn({ checkouts }, callback, { requestId: request.id });
        }
        return goHome(reply, reference);
      },
      errorHandler: (cause, request, reply) => {
        const error = toDomainError(cause);
        if (error.reason === "RESOURCE_NOT_FOUND") return pages.failure(request, reply, error);
        log.warn({ requestId: request.id, reason: error.reason }, "a return could not be recorded");
        return goHome(reply, encodeURIComponent((request.params as ReturnRoute["Params"]).reference));
      },
    });
  }
}
