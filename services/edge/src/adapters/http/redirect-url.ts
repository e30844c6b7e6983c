const MAX_LENGTH = 2_048;

function httpUrl(text: string): URL | null {
  const url = URL.canParse(text) ? new URL(text) : null;
  return url && ["http:", "https:"].includes(url.protocol) ? url : null;
}

/**
 * Whether a browser may be sent there. Browsers repair what is not quite a URL (a backslash, blanks, a missing
 * slash), so only text that needs no repair is taken.
 */
export function isRedirectUrl(text: string): boolean {
  if (text.length > MAX_LENGTH || !/^https?:\/\/[^/?#\s]/i.test(text) || /[\s\\\p{Cc}]/u.test(text))
    return false;
  const url = httpUrl(text);
  return (
    url !== null &&
    url.username === "" &&
    url.password === "" &&
    !/^[^/?#]*@/.test(text.slice(text.indexOf("//") + 2))
  );
}

/** The merchant's page with the outcome as a hint, merged into the query that it has; null for what is no web page. */
export function returnHref(
  redirectUrl: string | null,
  outcome: { readonly reference: string; readonly status: string },
): string | null {
  const url = redirectUrl === null ? null : httpUrl(redirectUrl);
  url?.searchParams.set("reference", outcome.reference);
  url?.searchParams.set("status", outcome.status);
  return url?.href ?? null;
}
