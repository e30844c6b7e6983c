import { ERROR_REASONS, type ErrorReason } from "@oi/kernel/errors";
import { ERROR_MAP } from "@oi/platform/rpc/error-map";
import { ERROR_CATALOGUE } from "../../../domain/error-catalogue.ts";
import { shouldRetry } from "../../../domain/retry.ts";
import { type Html, html } from "../html.ts";
import { refusalExample } from "./examples.ts";

function retryText(reason: ErrorReason): string {
  if (shouldRetry(reason, false)) return "Yes, after the seconds in Retry-After.";
  if (shouldRetry(reason, true))
    return "Yes, for a read or a request that carries an Idempotency-Key; otherwise no.";
  return "No. An unchanged repeat gets the same answer.";
}

function exampleText(reason: ErrorReason, link: string): string {
  const { request } = ERROR_CATALOGUE[reason].example;
  const status = ERROR_MAP[reason].http;
  return `${request}\n\nHTTP ${status}\n${JSON.stringify(refusalExample(reason, link), null, 2)}`;
}

function section(reason: ErrorReason, link: string): Html {
  const { meaning, causes, remedy, bangla } = ERROR_CATALOGUE[reason];
  return html`<section id="${reason}">
<h2><a href="#${reason}">${reason}</a> <small>HTTP ${String(ERROR_MAP[reason].http)}</small></h2>
<p>${meaning}</p>
<h3>Usual causes</h3>
<ul>${causes.map((cause) => html`<li>${cause}</li>`)}</ul>
<h3>What to do</h3>
<p>${remedy}</p>
<p><b>Retry?</b> ${retryText(reason)}</p>
<p lang="bn">${bangla.meaning} ${bangla.remedy}</p>
<pre>${exampleText(reason, link)}</pre>
</section>
`;
}

/** Every reason with its anchor, from the catalogue alone. */
export function errorPageBody(linkOf: (reason: ErrorReason) => string): Html {
  return html`<h1>Errors</h1>
<p>meta.errorCode of an answer names one of these; over gRPC it is the reason in google.rpc.ErrorInfo.</p>
<nav><ul>${ERROR_REASONS.map((reason) => html`<li><a href="#${reason}">${reason}</a></li>`)}</ul></nav>
${ERROR_REASONS.map((reason) => section(reason, linkOf(reason)))}`;
}
