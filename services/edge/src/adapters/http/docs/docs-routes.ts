import { Readable } from "node:stream";
import type { ErrorReason } from "@oi/kernel/errors";
import type { FastifyInstance, FastifyReply } from "fastify";
import { unknownPath } from "../failures.ts";
import { Html, html } from "../html.ts";
import { docsAssets } from "./assets.ts";
import { errorPageBody } from "./error-page.ts";

/** No inline script anywhere; the reference page's own library writes `style` attributes. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "connect-src 'self'",
  "img-src 'self' data:",
  "font-src 'self' data:",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

const STYLE = new Html(`
:root{color-scheme:light dark}
body{margin:0 auto;padding:1rem;max-width:60rem;font:1rem/1.6 system-ui,"Noto Sans Bengali",sans-serif;overflow-wrap:anywhere}
pre{padding:1rem;overflow:auto;border:1px solid}
section{margin-top:2.5rem;border-top:1px solid}
nav ul{columns:3 14rem}
`);

function documentOf(title: string, head: Html, body: Html): string {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<title>${title} – OI Payments</title>
<link rel="icon" href="data:,">
${head}
</head>
<body>
${body}
</body>
</html>
`.markup;
}

function sendPage(reply: FastifyReply, page: string): FastifyReply {
  reply.headers({
    "content-type": "text/html; charset=utf-8",
    "content-security-policy": POLICY,
    "referrer-policy": "strict-origin",
    "cross-origin-opener-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=()",
  });
  return reply.send(page);
}

const REFERENCE_PAGE = documentOf(
  "Reference",
  html`<link rel="stylesheet" href="/docs/assets/swagger-ui.css">
<script src="/docs/assets/swagger-ui-bundle.js" defer></script>
<script src="/docs/assets/reference.js" defer></script>`,
  html`<p><a href="/docs/errors">Errors</a> · <a href="/docs/openapi.json">OpenAPI document</a></p>
<div id="reference"></div>
<noscript><p>The reference needs a script of ours. The OpenAPI document holds the same facts.</p></noscript>`,
);

function acceptsGzip(header: string | string[] | undefined): boolean {
  return /\bgzip\b(?!\s*;\s*q=0(\.0*)?\s*(,|$))/.test(String(header ?? ""));
}

const SLICE_BYTES = 64 * 1024;

/** A file bit by bit, so that it shows whether its reader gets on. */
function* slices(bytes: Buffer): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += SLICE_BYTES) yield bytes.subarray(at, at + SLICE_BYTES);
}

/** The reference, served by this deployment alone, so that it works on a closed network. */
export function docsRoutes(app: FastifyInstance, linkOf: (reason: ErrorReason) => string): void {
  const assets = docsAssets();
  const hidden = { schema: { hide: true } };
  const style = html`<style>${STYLE}</style>`;
  let errors: string | null = null;
  let openapi: string | null = null;

  app.get("/docs", hidden, async (_, reply) => sendPage(reply, REFERENCE_PAGE));

  app.get("/docs/errors", hidden, async (_, reply) => {
    errors ??= documentOf("Errors", style, errorPageBody(linkOf));
    return sendPage(reply, errors);
  });

  app.get("/docs/openapi.json", hidden, async (_, reply) => {
    openapi ??= JSON.stringify(app.swagger());
    return reply.header("content-type", "application/json; charset=utf-8").send(openapi);
  });

  app.get<{ Params: { name: string } }>("/docs/assets/:name", hidden, async (request, reply) => {
    const asset = await assets.get(request.params.name);
    if (asset === null) throw unknownPath();
    reply.headers({ etag: asset.etag, "cache-control": "public, max-age=3600", vary: "Accept-Encoding" });
    if (request.headers["if-none-match"] === asset.etag) return reply.code(304).send();
    reply.header("content-type", asset.type);
    const isPacked = acceptsGzip(request.headers["accept-encoding"]);
    const bytes = isPacked ? asset.packed : asset.plain;
    if (isPacked) reply.header("content-encoding", "gzip");
    reply.header("content-length", String(bytes.length));
    return reply.send(Readable.from(slices(bytes)));
  });
}
