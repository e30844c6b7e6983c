import type { Clock } from "@oi/platform/service/clock";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { openCheckout } from "../../application/open-checkout.ts";
import type { Checkouts } from "../../application/ports.ts";
import { readCheckout } from "../../application/read-checkout.ts";
import { isOpen } from "../../domain/checkout.ts";
import { checkoutPage } from "../../domain/page.ts";
import type { Pages } from "./pages.ts";
import { redirect } from "./redirect.ts";
import { returnHref } from "./redirect-url.ts";

type Route = { Params: { reference: string } };
type PageRoute = Route & { Querystring: { from?: unknown; waited?: unknown } };

/** Neither a browser that fetches ahead nor somebody who only asks for headers wants to pay. */
function onlyLooks(request: FastifyRequest): boolean {
  const purpose = `${request.headers["sec-purpose"] ?? request.headers.purpose ?? ""}`;
  return request.method === "HEAD" || purpose.includes("prefetch");
}

/** How long the waiting page says that it waits; anything but a small number is nothing. */
function readWaited(text: unknown): number {
  return typeof text === "string" && /^\d{1,5}$/.test(text) ? Number(text) : 0;
}

export function checkoutPageRoutes(
  app: FastifyInstance,
  deps: {
    readonly checkouts: Checkouts;
    readonly pages: Pages;
    readonly publicUrl: () => string;
    readonly clock: Clock;
  },
): void {
  const { checkouts, pages, publicUrl, clock } = deps;
  const pageUrl = (reference: string): string => `${publicUrl()}/checkout/${reference}`;

  app.get<PageRoute>("/checkout/:reference", { config: { bucket: "customer" } }, async (request, reply) => {
    const { reference } = request.params;
    const checkout = await readCheckout({ checkouts }, reference, { requestId: request.id });
    const fromGateway = request.query.from === "gateway";
    const href = returnHref(checkout.redirectUrl, checkout);
    if (fromGateway && href !== null && !isOpen(checkout.status)) return redirect(reply, href);
    const lang = pages.languageOf(request);
    const waitedSeconds = readWaited(request.query.waited);
    const visit = { lang, now: clock.now(), fromGateway, waitedSeconds, returnHref: href };
    const page = checkoutPage(checkout, visit);
    return pages.send(reply, page, checkout.gatewayOrigins);
  });

  app.route<Route>({
    method: ["GET", "POST"],
    url: "/checkout/:reference/pay",
    config: { bucket: "customer" },
    handler: async (request, reply) => {
      if (onlyLooks(request)) return reply.code(204).header("cache-control", "no-store").send();
      const { reference } = request.params;
      const opening = await openCheckout({ checkouts }, reference, { requestId: request.id }, clock.now());
      return redirect(reply, opening.to === "gateway" ? new URL(opening.url).href : pageUrl(reference));
    },
  });
}
