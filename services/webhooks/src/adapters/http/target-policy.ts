import type { TargetPolicy } from "../../application/ports.ts";
import type { Target } from "../../domain/endpoint.ts";
import { isLocalhost, MAX_URL_LENGTH, type UrlParts, urlProblem } from "../../domain/url-rules.ts";
import type { AddressPolicy } from "./address-policy.ts";
import { parseUrl } from "./parsed-url.ts";

/** A name's addresses are known only when it is resolved, so with an allow-list every name passes until then. */
function isLoose({ isAddress, host }: UrlParts, addresses: AddressPolicy): boolean {
  return isAddress ? addresses.isListed(host) : addresses.hasAllowList;
}

function problemOf(parts: UrlParts, addresses: AddressPolicy): string | null {
  const problem = urlProblem(parts, isLoose(parts, addresses));
  if (problem !== null) return problem;
  if (parts.isAddress && !addresses.isAllowed(parts.host)) return "must not point to a private address";
  if (isLocalhost(parts.host) && !addresses.hasAllowList) return "must name a public host";
  return null;
}

/** The URL rules at the time an application sets its URL: an early answer, repeated by the sender for every request. */
export function createTargetPolicy(addresses: AddressPolicy): TargetPolicy {
  const refused = (url: string, problem: string): Target => ({
    // Shown to the application as it was given, as far as the database can hold it.
    url: url.replaceAll("\0", "").slice(0, MAX_URL_LENGTH),
    hostKey: null,
    problem,
  });
  return {
    assess: (url) => {
      if (url === null || url === "") return { url: null, hostKey: null, problem: null };
      const parsed = parseUrl(url);
      if (!parsed) return refused(url, "must be an absolute URL of at most 2048 characters");
      const problem = problemOf(parsed.parts, addresses);
      if (problem !== null) return refused(url, problem);
      return { url, hostKey: `${parsed.parts.host}:${parsed.parts.port}`, problem: null };
    },
  };
}
