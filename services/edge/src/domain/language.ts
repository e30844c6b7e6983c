export const LANGUAGES = ["bn", "en"] as const;
/** The languages of the customer's pages. */
export type Lang = (typeof LANGUAGES)[number];

export function isLang(text: unknown): text is Lang {
  return text === "bn" || text === "en";
}

type Preference = { readonly tag: string; readonly weight: number };

/** `en-GB;q=0.8` → its primary tag and weight; a weight that is no number counts as refused. */
function readPreference(item: string): Preference {
  const [range = "", ...parameters] = item.split(";").map((part) => part.trim().toLowerCase());
  const quality = parameters.find((parameter) => parameter.startsWith("q="));
  const weight = quality === undefined ? 1 : Number(quality.slice(2));
  return { tag: range.split("-")[0] ?? "", weight: weight > 0 && weight <= 1 ? weight : 0 };
}

/** The wish that weighs most among our languages; the earlier one of equals; null when none of ours is wished. */
function preferredLanguage(acceptLanguage: string): Lang | null {
  let best: { lang: Lang; weight: number } | null = null;
  for (const { tag, weight } of acceptLanguage.slice(0, 1_000).split(",").map(readPreference)) {
    if (isLang(tag) && weight > (best?.weight ?? 0)) best = { lang: tag, weight };
  }
  return best?.lang ?? null;
}

/** What the customer chose on the page, chose before, has set in the browser, or else the configured default. */
export function chooseLanguage(wishes: {
  readonly asked: unknown;
  readonly remembered: string | undefined;
  readonly acceptLanguage: string | undefined;
  readonly fallback: Lang;
}): Lang {
  if (isLang(wishes.asked)) return wishes.asked;
  if (isLang(wishes.remembered)) return wishes.remembered;
  return preferredLanguage(wishes.acceptLanguage ?? "") ?? wishes.fallback;
}
