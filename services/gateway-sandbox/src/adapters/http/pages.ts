import type { PreparedCallback } from "../../application/world.ts";
import { CHANNELS } from "../../domain/channel.ts";
import { formatAmount } from "../../domain/money.ts";
import { OUTCOMES } from "../../domain/outcome.ts";
import type { Session } from "../../domain/session.ts";
import type { Outgoing } from "./exchange.ts";
import { escapeHtml, renderPage } from "./page-layout.ts";
import type { PageTexts } from "./page-texts.ts";

function renderRow(name: string, text: string): string {
  return text === "" ? "" : `<dt>${escapeHtml(name)}</dt><dd>${escapeHtml(text)}</dd>`;
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
  rules: readonly string[],
): Outgoing {
  const channels = CHANNELS.map((c) => renderRadio("channel", c, texts.channels[c], "", c === "VISA"));
  const outcomes = OUTCOMES.map((o) => renderRadio("outcome", o, ...texts.outcomes[o], o === "success"));
  const body = `<p>${escapeHtml(texts.notReal)}</p>
<dl>
${renderRow(texts.merchant, order.storeId)}
${renderRow(texts.product, order.productName)}
${renderRow(texts.amount, `${formatAmount(order.currencyAmountMinor)} ${order.currency}`)}
${renderRow(texts.session, key.slice(-6))}
${renderRow(texts.rules, rules.join(", "))}
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
<label><input type="checkbox" name="dropIpn" value="true"> ${escapeHtml(texts.dropIpn)}</label>
<label><input type="checkbox" name="dropReturn" value="true"> ${escapeHtml(texts.dropReturn)}</label>
</details>
<button type="submit">${escapeHtml(texts.submit)}</button>
</form>`;
  const title = `${formatAmount(order.currencyAmountMinor)} ${order.currency}`;
  return renderPage(status, texts, { title, body, formAction: "'self'" });
}

/** The browser itself makes the cross-site POST, as in reality; the button serves where scripts do not run. */
export function renderReturnPage(texts: PageTexts, { url, fields }: PreparedCallback): Outgoing {
  const inputs = Object.entries(fields).map(
    ([name, value]) => `<input type="hidden" name="${escapeHtml(name)}" value="${escapeHtml(value)}">`,
  );
  const body = `<form method="post" id="return" action="${escapeHtml(url ?? "")}">
${inputs.join("\n")}
<button type="submit">${escapeHtml(texts.returnButton)}</button>
</form>`;
  const script = `HTMLFormElement.prototype.submit.call(document.getElementById("return"));`;
  return renderPage(200, texts, { title: texts.returning, body, script });
}

/** A page where the way ends: nothing to choose, nothing to send. */
export function renderEndPage(
  status: number,
  texts: PageTexts,
  [title, text]: readonly [title: string, text: string],
  word = "",
): Outgoing {
  const body = `<p>${escapeHtml(text)} ${escapeHtml(word)}</p>`;
  return renderPage(status, texts, { title, body, formAction: "'none'" });
}
