import type { Instant } from "@oi/kernel/instant";
import { localDigits } from "./bangla-digits.ts";
import { type Checkout, type CheckoutState, isOpen, isTimeOver, liveId, stateOf } from "./checkout.ts";
import { formatMoney } from "./display-money.ts";
import { formatDhakaTime } from "./display-time.ts";
import type { Lang } from "./language.ts";
import { MESSAGES, type Notice } from "./messages.ts";
import { methodName } from "./method-name.ts";

export type Action =
  | { readonly kind: "post"; readonly href: string; readonly label: string }
  | { readonly kind: "link"; readonly href: string; readonly label: string };

/** What the page's script needs to notice that the page is out of date. */
export type Live = {
  readonly eventsHref: string;
  /** Where to ask again and again when events do not come. */
  readonly contextHref: string;
  readonly seen: string;
  readonly status: string;
};

/** The rest of the time as the script counts it down, by the server's clock. */
export type Countdown = {
  readonly seconds: number;
  readonly label: string;
  /** The ten digits of the language. */
  readonly digits: string;
  readonly spoken: readonly string[];
};

type Link = {
  readonly href: string;
  readonly label: string;
  /** Shown only after this time, for which a script is needed; 0 = at once. */
  readonly afterSeconds: number;
};

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
  readonly countdown: Countdown | null;
  readonly facts: readonly { readonly label: string; readonly value: string }[];
  readonly action: Action | null;
  readonly links: readonly Link[];
  /** For browsers without script. */
  readonly refresh: { readonly seconds: number; readonly href: string } | null;
  /** Null for what does not change any more. */
  readonly live: Live | null;
  readonly languageLink: { readonly href: string; readonly lang: Lang; readonly label: string };
};

export type Visit = {
  readonly lang: Lang;
  readonly now: Instant;
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

/** Nothing stands between an offer to pay and its button. */
function factsOf(checkout: Checkout, state: CheckoutState, lang: Lang): Page["facts"] {
  if (state === "payable") return [];
  const messages = MESSAGES[lang];
  const { paidAt, refundedAt, method, reference } = checkout;
  const time = (at: Instant | null) => (at === null ? null : formatDhakaTime(at, lang));
  const facts = [
    { label: messages.paidAt, value: time(paidAt) },
    { label: messages.paidWith, value: method && methodName(method, lang) },
    { label: messages.refundedAt, value: time(refundedAt) },
    { label: messages.reference, value: reference },
  ];
  return facts.flatMap(({ label, value }) => (value === null ? [] : [{ label, value }]));
}

function actionOf(checkout: Checkout, state: CheckoutState, visit: Visit): Action | null {
  const messages = MESSAGES[visit.lang];
  if (state === "payable") {
    const label = messages.pay(formatMoney(checkout.amountMinor, checkout.currency, visit.lang));
    return { kind: "post", href: `/checkout/${checkout.reference}/pay`, label };
  }
  if (state === "waiting" || state === "review" || visit.returnHref === null) return null;
  return { kind: "link", href: visit.returnHref, label: messages.returnTo(checkout.appName) };
}

type Words = Pick<Page, "heading" | "paragraphs">;

/** What is said of money that is not what was asked for. */
function differingWords({ differingMoney }: Checkout, lang: Lang): readonly string[] {
  const isSaid = differingMoney !== null && differingMoney !== "SETTLED";
  return isSaid ? [MESSAGES[lang].differingMoney[differingMoney]] : [];
}

/** What a closed payment says of money: of that which came, or else of what would happen to it. */
function closedWords(checkout: Checkout, state: "failed" | "cancelled" | "expired", lang: Lang): Words {
  const { states, ifMoneyWasTaken, lateMoney } = MESSAGES[lang];
  const { heading, text } = states[state];
  const { lateMoney: late, currency, latePaymentPolicy, underReview, differingMoney } = checkout;
  const lateWords =
    late === null ? [] : [lateMoney[late.state](formatMoney(late.amountMinor, currency, lang))];
  const came = [...lateWords, ...differingWords(checkout, lang)];
  // Nobody whose money is here, or may be, is sent for a new link.
  if (came.length > 0) return { heading, paragraphs: came };
  if (underReview) return { heading, paragraphs: [states.review.text, ifMoneyWasTaken.HOLD] };
  // What a person has judged once does not go back by itself either.
  const policy = differingMoney === null ? latePaymentPolicy : "HOLD";
  return { heading, paragraphs: [text, ifMoneyWasTaken[policy]] };
}

function paidWords(checkout: Checkout, state: "paid" | "partlyRefunded" | "refunded", lang: Lang): Words {
  const messages = MESSAGES[lang];
  const { amountMinor, refundedMinor, currency, lateMoney: extra } = checkout;
  const money = (minor: bigint): string => formatMoney(minor, currency, lang);
  const { heading, text } = {
    paid: () => messages.states.paid,
    partlyRefunded: () => messages.partlyRefunded(money(refundedMinor), money(amountMinor - refundedMinor)),
    refunded: () => messages.refunded(money(refundedMinor)),
  }[state]();
  const more = extra === null ? [] : [messages.extraMoney[extra.state](money(extra.amountMinor))];
  return { heading, paragraphs: [text, ...more, ...differingWords(checkout, lang)] };
}

function wordsOf(checkout: Checkout, state: CheckoutState, lang: Lang): Words {
  const messages = MESSAGES[lang];
  switch (state) {
    case "payable": {
      const { expiresAt, appName } = checkout;
      const limit = expiresAt === null ? [] : [messages.payBefore(formatDhakaTime(expiresAt, lang))];
      const paragraphs = [...differingWords(checkout, lang), messages.payText, ...limit];
      return { heading: messages.payHeading(appName), paragraphs };
    }
    case "waiting":
    case "review":
      return { heading: messages.states[state].heading, paragraphs: [messages.states[state].text] };
    case "failed":
    case "cancelled":
    case "expired":
      return closedWords(checkout, state, lang);
    default:
      return paidWords(checkout, state, lang);
  }
}

function countdownOf({ expiresAt }: Checkout, { now, lang }: Visit): Countdown | null {
  const seconds = expiresAt === null ? 0 : Math.ceil((expiresAt - now) / 1_000);
  if (seconds <= 0) return null;
  const { timeLeft: label, timeSpoken: spoken } = MESSAGES[lang];
  return { seconds, label, digits: localDigits("0123456789", lang), spoken };
}

function liveOf(checkout: Checkout): Live | null {
  const { reference, status } = checkout;
  if (!isOpen(status)) return null;
  const eventsHref = `/checkout/${reference}/events`;
  return { eventsHref, contextHref: `/api/v1/checkout/${reference}`, seen: liveId(checkout), status };
}

/** What only whoever waits is shown: a refresh, and in the end the way back to the gateway. */
function waitingParts(
  checkout: Checkout,
  { lang, now, waitedSeconds }: Visit,
): Pick<Page, "links" | "refresh"> {
  const waited = waitedSeconds + REFRESH_SECONDS;
  const refresh = { seconds: REFRESH_SECONDS, href: `?lang=${lang}&from=gateway&waited=${waited}` };
  if (checkout.status !== "PENDING" || isTimeOver(checkout, now)) return { links: [], refresh };
  const afterSeconds = Math.max(0, PATIENCE_SECONDS - waitedSeconds);
  const href = `/checkout/${checkout.reference}/pay`;
  return { links: [{ href, label: MESSAGES[lang].continuePaying, afterSeconds }], refresh };
}

/** The page of one payment as it stands. */
export function checkoutPage(checkout: Checkout, visit: Visit): Page {
  const { lang, fromGateway } = visit;
  const state = stateOf(checkout, visit);
  return {
    lang,
    band: checkout.mode === "TEST" ? MESSAGES[lang].testBand : null,
    appName: checkout.appName,
    ...wordsOf(checkout, state, lang),
    amount: formatMoney(checkout.amountMinor, checkout.currency, lang),
    productName: checkout.productName,
    remark: null,
    countdown: state === "payable" ? countdownOf(checkout, visit) : null,
    facts: factsOf(checkout, state, lang),
    action: actionOf(checkout, state, visit),
    ...(state === "waiting" ? waitingParts(checkout, visit) : { links: [], refresh: null }),
    live: liveOf(checkout),
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
    countdown: null,
    facts: [],
    action: retryHref === undefined ? null : { kind: "link", href: retryHref, label: messages.tryAgain },
    links: [],
    refresh: null,
    live: null,
    languageLink: languageLink(lang, false),
  };
}
