import { type Checkout, type CheckoutState, stateOf } from "./checkout.ts";
import { formatMoney } from "./display-money.ts";
import { formatDhakaTime } from "./display-time.ts";
import type { Lang } from "./language.ts";
import { MESSAGES, type Notice } from "./messages.ts";

export type Action =
  | { readonly kind: "post"; readonly href: string; readonly label: string }
  | { readonly kind: "link"; readonly href: string; readonly label: string };

/** Everything a customer's page shows, in its order, before any markup. */
export type Page = {
  readonly lang: Lang;
  readonly band: string | null;
  readonly appName: string | null;
  readonly heading: string;
  readonly amount: string | null;
  readonly productName: string | null;
  readonly paragraphs: readonly string[];
  /** A sentence from another part of the system, always English. */
  readonly remark: string | null;
  readonly facts: readonly { readonly label: string; readonly value: string }[];
  readonly action: Action | null;
  readonly links: readonly { readonly href: string; readonly label: string }[];
  readonly refresh: { readonly seconds: number; readonly href: string } | null;
  readonly languageLink: { readonly href: string; readonly lang: Lang; readonly label: string };
};

export type Visit = {
  readonly lang: Lang;
  /** Whether the browser comes from the gateway. */
  readonly fromGateway: boolean;
  /** How long this browser has been waiting already; a hint of the address, good for offering a link only. */
  readonly waitedSeconds: number;
  /** The merchant's page with the outcome, when there is one. */
  readonly returnHref: string | null;
};

const REFRESH_SECONDS = 5;
/** Whoever waits this long has probably left the gateway without paying. */
const PATIENCE_SECONDS = 60;

function languageLink(lang: Lang, fromGateway: boolean): Page["languageLink"] {
  const from = fromGateway ? "&from=gateway" : "";
  return lang === "bn"
    ? { href: `?lang=en${from}`, lang: "en", label: "English" }
    : { href: `?lang=bn${from}`, lang: "bn", label: "বাংলা" };
}

function factsOf(checkout: Checkout, lang: Lang): Page["facts"] {
  const messages = MESSAGES[lang];
  const reference = { label: messages.reference, value: checkout.reference };
  if (checkout.paidAt === null) return [reference];
  return [{ label: messages.paidAt, value: formatDhakaTime(checkout.paidAt, lang) }, reference];
}

function actionOf(checkout: Checkout, state: CheckoutState, amount: string, visit: Visit): Action | null {
  const messages = MESSAGES[visit.lang];
  if (state === "payable") {
    return { kind: "post", href: `/checkout/${checkout.reference}/pay`, label: messages.pay(amount) };
  }
  if (state === "waiting" || state === "review" || visit.returnHref === null) return null;
  return { kind: "link", href: visit.returnHref, label: messages.returnTo(checkout.appName) };
}

function textOf(checkout: Checkout, state: CheckoutState, lang: Lang): Pick<Page, "heading" | "paragraphs"> {
  const messages = MESSAGES[lang];
  if (state !== "payable") {
    const { heading, text } = messages.states[state];
    return { heading, paragraphs: [text] };
  }
  const limit =
    checkout.expiresAt === null ? [] : [messages.payBefore(formatDhakaTime(checkout.expiresAt, lang))];
  return { heading: messages.payHeading(checkout.appName), paragraphs: [messages.payText, ...limit] };
}

/** The page of one payment as it stands. */
export function checkoutPage(checkout: Checkout, visit: Visit): Page {
  const { lang, fromGateway, waitedSeconds } = visit;
  const messages = MESSAGES[lang];
  const state = stateOf(checkout, fromGateway);
  const amount = formatMoney(checkout.amountMinor, checkout.currency, lang);
  const waiting = state === "waiting";
  const waited = waitedSeconds + REFRESH_SECONDS;
  const mayContinue = waiting && checkout.status === "PENDING" && waitedSeconds >= PATIENCE_SECONDS;
  return {
    lang,
    band: checkout.mode === "TEST" ? messages.testBand : null,
    appName: checkout.appName,
    ...textOf(checkout, state, lang),
    amount,
    productName: checkout.productName,
    remark: null,
    facts: factsOf(checkout, lang),
    action: actionOf(checkout, state, amount, visit),
    links: mayContinue
      ? [{ href: `/checkout/${checkout.reference}/pay`, label: messages.continuePaying }]
      : [],
    refresh: waiting
      ? { seconds: REFRESH_SECONDS, href: `?lang=${lang}&from=gateway&waited=${waited}` }
      : null,
    languageLink: languageLink(lang, fromGateway),
  };
}

/** A page without a payment: unknown, refused, or not to be had at the moment. */
export function noticePage(
  notice: Notice,
  lang: Lang,
  details: { readonly remark?: string | undefined; readonly retryHref?: string | undefined } = {},
): Page {
  const messages = MESSAGES[lang];
  const { heading, text } = messages.notices[notice];
  const { retryHref, remark = null } = details;
  return {
    lang,
    band: null,
    appName: null,
    heading,
    amount: null,
    productName: null,
    paragraphs: [text],
    remark,
    facts: [],
    action: retryHref === undefined ? null : { kind: "link", href: retryHref, label: messages.tryAgain },
    links: [],
    refresh: null,
    languageLink: languageLink(lang, false),
  };
}
