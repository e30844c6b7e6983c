import { randomBytes } from "node:crypto";
import type { FastifyReply } from "fastify";
import { REPORT_PATH } from "./report-route.ts";

/** A source as the policy's grammar takes it, so that nothing can smuggle another directive in. */
const ORIGIN = /^https?:\/\/[A-Za-z0-9.*_-]+(:\d{1,5})?$/;

/**
 * Chromium applies `form-action` to the redirect that answers a form as well, so the gateway's origins must stand
 * beside `'self'`, or the button leads nowhere.
 */
function contentSecurityPolicy(nonce: string, gatewayOrigins: readonly string[]): string {
  return [
    "default-src 'none'",
    `script-src 'nonce-${nonce}'`,
    `style-src 'nonce-${nonce}'`,
    "img-src data:",
    "connect-src 'self'",
    ["form-action 'self'", ...gatewayOrigins.filter((origin) => ORIGIN.test(origin))].join(" "),
    "base-uri 'none'",
    "frame-ancestors 'none'",
    "report-to csp",
  ].join("; ");
}

/** Sets what every page carries and returns the nonce of this one answer. */
export function setPageHeaders(reply: FastifyReply, gatewayOrigins: readonly string[]): string {
  const nonce = randomBytes(16).toString("base64");
  reply.headers({
    "content-type": "text/html; charset=utf-8",
    "content-security-policy": contentSecurityPolicy(nonce, gatewayOrigins),
    "reporting-endpoints": `csp="${REPORT_PATH}"`,
    // The reference must not leak; `no-referrer` would turn the form's Origin into `null`.
    "referrer-policy": "strict-origin",
    "cross-origin-opener-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=()",
    vary: "Accept-Language, Cookie",
  });
  return nonce;
}
