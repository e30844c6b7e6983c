import { randomBytes } from "node:crypto";
import type { Outgoing } from "./exchange.ts";
import type { PageTexts } from "./page-texts.ts";

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? "");
}

/** Grey and plain, so that nobody takes it for the real gateway or for the merchant. */
const STYLE = `:root{color-scheme:light}*{box-sizing:border-box}body{margin:0;background:#e6e6e6;color:#1a1a1a;font:1rem/1.6 system-ui,sans-serif}
header{background:#5c2d00;color:#fff;padding:.75rem 1rem;font-weight:700;letter-spacing:.05em}
main{max-width:40rem;margin:0 auto;padding:1rem}
h1,dt,dd,label,p{overflow-wrap:anywhere}dt{font-weight:700}dd{margin:0 0 .5rem}
fieldset{border:1px solid #6b6b6b;margin:0 0 1rem;padding:.5rem 1rem;min-width:0}legend{font-weight:700}
label{display:block;padding:.375rem 0 .375rem 1.75rem;text-indent:-1.75rem}label span{display:block;text-indent:0;color:#3d3d3d}
details{margin:0 0 1rem}summary{padding:.375rem 0}button{font:inherit;min-height:3rem;padding:.5rem 1.5rem;background:#333;color:#fff;border:1px solid #333}
:focus-visible{outline:3px solid #0050b3;outline-offset:2px}[role=alert]{color:#8a0000;font-weight:700}`;

export type PageParts = {
  readonly title: string;
  readonly body: string;
  /** Runs under a nonce; without it the page has no script at all. */
  readonly script?: string;
  /** Left open on the page that posts to the merchant, whose answer may redirect to anywhere. */
  readonly formAction?: "'self'" | "'none'";
};

export function renderPage(
  status: number,
  texts: PageTexts,
  { title, body, script, formAction }: PageParts,
): Outgoing {
  const nonce = randomBytes(16).toString("base64");
  const policy = [
    "default-src 'none'",
    `style-src 'nonce-${nonce}'`,
    ...(script === undefined ? [] : [`script-src 'nonce-${nonce}'`]),
    ...(formAction === undefined ? [] : [`form-action ${formAction}`]),
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ];
  const html = `<!doctype html>
<html lang="${texts.language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)} · ${escapeHtml(texts.band)}</title>
<style nonce="${nonce}">${STYLE}</style>
</head>
<body>
<header lang="en">${escapeHtml(texts.band)}</header>
<main>
<h1>${escapeHtml(title)}</h1>
${body}
</main>
${script === undefined ? "" : `<script nonce="${nonce}">${script}</script>`}
</body>
</html>`;
  const headers = {
    "content-type": "text/html; charset=utf-8",
    "content-security-policy": policy.join("; "),
  };
  return { status, headers, body: html };
}
