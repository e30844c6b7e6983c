import { MESSAGES } from "../../domain/messages.ts";
import type { Action, Page } from "../../domain/page.ts";
import { Html, html } from "./html.ts";
import { PAGE_STYLE } from "./page-style.ts";

const STYLE = new Html(PAGE_STYLE);

function refreshTag({ refresh }: Page): Html | null {
  return refresh && html`<meta http-equiv="refresh" content="${`${refresh.seconds};url=${refresh.href}`}">`;
}

function actionMarkup(action: Action | null): Html | null {
  if (action === null) return null;
  if (action.kind === "link") return html`<a class="main" href="${action.href}">${action.label}</a>`;
  return html`<form method="post" action="${action.href}"><button class="main">${action.label}</button></form>`;
}

function factsMarkup({ facts }: Page): Html | null {
  if (facts.length === 0) return null;
  return html`<dl>${facts.map(({ label, value }) => html`<dt>${label}</dt><dd>${value}</dd>`)}</dl>`;
}

const paragraph = (className: string, text: string | null): Html | null =>
  text === null ? null : html`<p class="${className}" dir="auto">${text}</p>`;

/** A page as a whole document. The nonce is the only thing that differs between two renderings. */
export function pageMarkup(page: Page, nonce: string): string {
  const { lang, languageLink } = page;
  return html`<!doctype html>
<html lang="${lang}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1">
<meta name="robots" content="noindex">
<title>${page.heading} – ${page.appName ?? MESSAGES[lang].product}</title>
${refreshTag(page)}
<style nonce="${nonce}">${STYLE}</style>
</head>
<body>
${paragraph("band", page.band)}
<main>
${paragraph("app", page.appName)}
<h1>${page.heading}</h1>
${paragraph("amount", page.amount)}
${paragraph("product", page.productName)}
<div role="status">${page.paragraphs.map((text) => html`<p>${text}</p>`)}</div>
${page.remark === null ? null : html`<p class="remark" lang="en">${page.remark}</p>`}
${factsMarkup(page)}
${actionMarkup(page.action)}
${page.links.map(({ href, label }) => html`<p><a class="link" href="${href}">${label}</a></p>`)}
<footer><a class="link" href="${languageLink.href}" lang="${languageLink.lang}" hreflang="${languageLink.lang}">${languageLink.label}</a></footer>
</main>
</body>
</html>
`.markup;
}
