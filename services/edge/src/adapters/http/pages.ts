import type { DomainError, ErrorReason } from "@oi/kernel/errors";
import type { FastifyReply, FastifyRequest } from "fastify";
import { chooseLanguage, isLang, type Lang } from "../../domain/language.ts";
import type { Notice } from "../../domain/messages.ts";
import { noticePage, type Page } from "../../domain/page.ts";
import type { ErrorLinks } from "./error-links.ts";
import { prepareFailure } from "./failures.ts";
import { setPageHeaders } from "./page-headers.ts";
import { pageMarkup } from "./page-markup.ts";

const LANGUAGE_COOKIE = "oi_lang";
const COOKIE_SECONDS = 180 * 86_400;

function rememberedLanguage(cookies: string | undefined): string | undefined {
  const pairs = cookies?.split(";").map((pair) => pair.trim()) ?? [];
  return pairs.find((pair) => pair.startsWith(`${LANGUAGE_COOKIE}=`))?.slice(LANGUAGE_COOKIE.length + 1);
}

const NOTICES: Readonly<Partial<Record<ErrorReason, Notice>>> = {
  RESOURCE_NOT_FOUND: "notFound",
  INVALID_OPERATION_STATE: "refused",
  GATEWAY_UNAVAILABLE: "gatewayDown",
  SERVICE_UNAVAILABLE: "serviceDown",
  DEADLINE_EXCEEDED: "serviceDown",
  RATE_LIMITED: "serviceDown",
  INTERNAL_ERROR: "broken",
};

/** What a customer's browser opens: the page, the way to the gateway, and the way back. */
const CUSTOMER_PATH =
  /^(?:\/checkout|\/api\/v1\/gateways\/sslcommerz\/return\/(?:success|fail|cancel))\/([^/?]+)(?:\/pay)?(?:\?|$)/;

/** The page that a customer's request belongs to; null when the asker is no browser, or asks for something else. */
export function checkoutPathOf({ raw, headers }: FastifyRequest): string | null {
  const accept = headers.accept ?? "";
  if (accept.includes("application/json") && !accept.includes("text/html")) return null;
  const reference = CUSTOMER_PATH.exec(raw.url ?? "")?.[1];
  return reference === undefined ? null : `/checkout/${reference}`;
}

/** A path that could not be decoded comes without a query. */
function askedLanguage({ query }: FastifyRequest): unknown {
  return (query as { lang?: unknown } | null)?.lang;
}

/** The HTML answers. */
export type Pages = {
  languageOf(request: FastifyRequest): Lang;
  send(reply: FastifyReply, page: Page, gatewayOrigins: readonly string[]): FastifyReply;
  /** `retryHref`: where a customer may try again, for refusals that pass. */
  failure(
    request: FastifyRequest,
    reply: FastifyReply,
    error: DomainError,
    retryHref?: string | undefined,
  ): FastifyReply;
};

export function htmlPages(options: {
  readonly defaultLanguage: Lang;
  readonly publicUrl: () => string;
  readonly links: ErrorLinks;
}): Pages {
  const languageOf = (request: FastifyRequest): Lang =>
    chooseLanguage({
      asked: askedLanguage(request),
      remembered: rememberedLanguage(request.headers.cookie),
      acceptLanguage: request.headers["accept-language"],
      fallback: options.defaultLanguage,
    });
  const send: Pages["send"] = (reply, page, gatewayOrigins) => {
    const secure = options.publicUrl().startsWith("https:");
    const nonce = setPageHeaders(reply, gatewayOrigins);
    if (isLang(askedLanguage(reply.request))) {
      const attributes = `Max-Age=${COOKIE_SECONDS}; Path=/checkout; SameSite=Lax; HttpOnly${secure ? "; Secure" : ""}`;
      reply.header("set-cookie", `${LANGUAGE_COOKIE}=${page.lang}; ${attributes}`);
    }
    return reply.send(pageMarkup(page, nonce));
  };
  const failure: Pages["failure"] = (request, reply, error, retryHref) => {
    prepareFailure(request, reply, error, options.links);
    const notice = NOTICES[error.reason] ?? "badRequest";
    const details = {
      // Only the gateway's limits are worth a sentence; it comes from payments, in English.
      remark: notice === "refused" ? error.message : undefined,
      retryHref: reply.statusCode >= 500 ? retryHref : undefined,
    };
    return send(reply, noticePage(notice, languageOf(request), details), []);
  };
  return { languageOf, send, failure };
}
