import { MESSAGES } from "../../domain/messages.ts";
import type { Action, Page } from "../../domain/page.ts";
import { Html, html } from "./html.ts";
import { PAGE_SCRIPT } from "./page-script.ts";
import { PAGE_STYLE } from "./page-style.ts";

const STYLE = new Html(PAGE_STYLE);
const WORD_BREAK = new Html("<wbr>");
const SCRIPT = new Html(PAGE_SCRIPT);

function refreshTag({ refresh }: Page): Html | null {
  const content = refresh && `${refresh.seconds};url=${refresh.href}`;
  return content === null
    ? null
    : html`<noscript><meta http-equiv="refresh" content="${content}"></noscript>`;
}

/** What the script is told; a page that changes no more has neither. */
function mainTag({ live }: Page): Html {
  if (live === null) return html`<main>`;
  return html`<main data-events="${live.eventsHref}" data-context="${live.contextHref}" data-seen="${live.seen}" data-status="${live.status}">`;
}

/** Hidden until the script counts. The clock itself is silent; beside it a few words are spoken at the right time. */
function countdownMarkup({ countdown }: Page): Html | null {
  if (countdown === null) return null;
  const { seconds, label, digits, spoken } = countdown;
  return html`<p class="left" hidden>${label}: <span role="timer" aria-live="off" data-left="${`${seconds}`}" data-digits="${digits}" data-say="${spoken.join("|")}"></span></p>
<p class="said" role="status"></p>`;
}

function linkMarkup({ href, label, afterSeconds }: Page["links"][number]): Html {
  const hidden = new Html(afterSeconds > 0 ? ` hidden data-after="${afterSeconds}"` : "");
  return html`<p${hidden}><a class="link" href="${href}">${label}</a></p>`;
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

/** Kept on one line where it fits, and otherwise broken between its groups of digits and nowhere else. */
const amountMarkup = ({ amount }: Page): Html | null =>
  amount === null
    ? null
    : html`<p class="amount">${amount.split(/(?<=,)/).map((part, i) => html`${i === 0 ? null : WORD_BREAK}${part}`)}</p>`;

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
${mainTag(page)}
${paragraph("app", page.appName)}
<h1>${page.heading}</h1>
${amountMarkup(page)}
${paragraph("product", page.productName)}
<div role="status">${page.paragraphs.map((text) => html`<p>${text}</p>`)}</div>
${page.remark === null ? null : html`<p class="remark" lang="en">${page.remark}</p>`}
${countdownMarkup(page)}
${factsMarkup(page)}
${actionMarkup(page.action)}
${page.links.map(linkMarkup)}
<footer><a class="link" href="${languageLink.href}" lang="${languageLink.lang}" hreflang="${languageLink.lang}">${languageLink.label}</a></footer>
</main>
${page.live && html`<script nonce="${nonce}">${SCRIPT}</script>`}
</body>
</html>
`.markup;
}
