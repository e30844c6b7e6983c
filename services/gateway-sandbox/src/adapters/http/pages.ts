import { listPairs, type PreparedCallback } from "../../application/world.ts";
import { CHANNELS } from "../../domain/channel.ts";
import { formatAmount } from "../../domain/money.ts";
import { OUTCOMES } from "../../domain/outcome.ts";
import type { CustomerPart } from "../../domain/rule.ts";
import type { Session } from "../../domain/session.ts";
import type { Outgoing } from "./exchange.ts";
import { escapeHtml, renderPage } from "./page-layout.ts";
import type { PageTexts } from "./page-texts.ts";

/** What a rule or a magic amount has to say about a session. */
export type InForce = {
  readonly names: readonly string[];
  /** Chosen already when the page opens; a person may choose otherwise. */
  readonly customer: CustomerPart;
};

/** Faults of the callbacks that a person may tick; the names are those of the form. */
export const CALLBACK_FAULTS = ["dropIpn", "dropReturn", "lateIpn", "repeatIpn", "forgeIpn"] as const;

function renderRow(name: string, text: string): string {
  return text === "" ? "" : `<dt>${escapeHtml(name)}</dt><dd>${escapeHtml(text)}</dd>`;
}

/** The names are English in every language of the page, and a screen reader should pronounce them so. */
function renderRules(texts: PageTexts, names: readonly string[]): string {
  if (names.length === 0) return "";
  const items = names.map((name) => `<span lang="en">${escapeHtml(name)}</span>`);
  return `<dt>${escapeHtml(texts.rules)}</dt><dd>${items.join("<br>")}</dd>`;
}

function renderRadio(
  name: string,
  value: string,
  label: string,
  meaning: string,
  isChecked: boolean,
): string {
  const checked = isChecked ? " checked" : "";
  const sentence = meaning === "" ? "" : ` <span>${escapeHtml(meaning)}</span>`;
  return `<label><input type="radio" name="${name}" value="${value}" required${checked}> ${escapeHtml(label)}${sentence}</label>`;
}

/** One plain form: it needs no script, and its keyboard order is its reading order. */
export function renderChoicePage(
  status: 200 | 400,
  texts: PageTexts,
  { key, order }: Session,
  { names, customer }: InForce,
): Outgoing {
  const { channel = "VISA", outcome = "success" } = customer;
  const channels = CHANNELS.map((c) => renderRadio("channel", c, texts.channels[c], "", c === channel));
  const outcomes = OUTCOMES.map((o) => renderRadio("outcome", o, ...texts.outcomes[o], o === outcome));
  const faults = CALLBACK_FAULTS.map(
    (f) => `<label><input type="checkbox" name="${f}" value="true"> ${escapeHtml(texts[f])}</label>`,
  );
  const body = `<p>${escapeHtml(texts.notReal)}</p>
<dl>
${renderRow(texts.merchant, order.storeId)}
${renderRow(texts.product, order.productName)}
${renderRow(texts.amount, `${formatAmount(order.currencyAmountMinor)} ${order.currency}`)}
${renderRow(texts.session, key.slice(-6))}
${renderRules(texts, names)}
</dl>
${status === 400 ? `<p role="alert">${escapeHtml(texts.chooseBoth)}</p>` : ""}
<form method="post" action="/gwprocess/v4/gw.php?Q=PAY&amp;SESSIONKEY=${encodeURIComponent(key)}">
<fieldset><legend>${escapeHtml(texts.channelLegend)}</legend>
${channels.join("\n")}
</fieldset>
<fieldset><legend>${escapeHtml(texts.outcomeLegend)}</legend>
${outcomes.join("\n")}
</fieldset>
<details><summary>${escapeHtml(texts.callbacks)}</summary>
${faults.join("\n")}
</details>
<button type="submit">${escapeHtml(texts.submit)}</button>
</form>`;
  const title = `${formatAmount(order.currencyAmountMinor)} ${order.currency}`;
  return renderPage(status, texts, { title, body, formAction: "'self'" });
}

function renderReturnForm(texts: PageTexts, callback: PreparedCallback): string {
  const inputs = listPairs(callback).map(
    ([name, value]) => `<input type="hidden" name="${escapeHtml(name)}" value="${escapeHtml(value)}">`,
  );
  return `<form method="post" id="return" action="${escapeHtml(callback.url ?? "")}">
${inputs.join("\n")}
<button type="submit">${escapeHtml(texts.returnButton)}</button>
</form>`;
}

/** The browser itself makes the cross-site POST, as in reality; the button serves where scripts do not run. */
export function renderReturnPage(texts: PageTexts, callback: PreparedCallback): Outgoing {
  const script = `HTMLFormElement.prototype.submit.call(document.getElementById("return"));`;
  return renderPage(200, texts, { title: texts.returning, body: renderReturnForm(texts, callback), script });
}

/** A page where the way ends: nothing to choose, nothing to send. */
export function renderEndPage(
  status: number,
  texts: PageTexts,
  [title, text]: readonly [title: string, text: string],
): Outgoing {
  const body = `<p>${escapeHtml(text)}</p>`;
  return renderPage(status, texts, { title, body, formAction: "'none'" });
}

/**
 * A session that cannot be paid any more, often because the autopilot was faster than the browser: it says why, and leads back
 * to the merchant where there is a return to repeat.
 */
export function renderEndedPage(
  texts: PageTexts,
  word: string,
  names: readonly string[],
  back: PreparedCallback | null,
): Outgoing {
  const [title, text] = texts.ended;
  const rules = names.length === 0 ? "" : `<dl>\n${renderRules(texts, names)}\n</dl>\n`;
  const form = back === null ? "" : renderReturnForm(texts, back);
  const body = `<p>${escapeHtml(text)} <span lang="en">${escapeHtml(word)}</span></p>\n${rules}${form}`;
  return renderPage(410, texts, { title, body, ...(back === null ? { formAction: "'none'" } : {}) });
}
