import { setTimeout } from "node:timers/promises";
import type { TargetPolicy } from "../../application/ports.ts";
import { BLOCKED_CODE } from "../../domain/classify.ts";
import type { Target } from "../../domain/endpoint.ts";
import { isLocalhost, MAX_URL_LENGTH, type UrlParts, urlProblem } from "../../domain/url-rules.ts";
import type { AddressPolicy } from "./address-policy.ts";
import type { AddressResolver } from "./address-resolver.ts";
import { failureCode } from "./failure.ts";
import { vet } from "./guarded-connector.ts";
import { parseUrl, portOf } from "./parsed-url.ts";

/** Somebody waits for the answer; a name that needs longer is judged when it is sent to. */
const LOOK_UP_MS = 2_000;

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

/** Whether a name is known to lead where nothing may be sent. */
async function leadsAstray(url: URL, policy: AddressPolicy, resolver: AddressResolver): Promise<boolean> {
  const at = { hostname: url.hostname, protocol: url.protocol, port: String(portOf(url.protocol, url.port)) };
  const vetted = vet(at, { policy, resolver }).then(
    () => false,
    (error) => failureCode(error) === BLOCKED_CODE,
  );
  return Promise.race([vetted, setTimeout(LOOK_UP_MS, false, { ref: false })]);
}

/** The URL rules at the time an application sets its URL: an early answer, repeated by the sender for every request. */
export function createTargetPolicy(addresses: AddressPolicy, resolver: AddressResolver): TargetPolicy {
  const refused = (url: string, problem: string): Target => ({
    // Shown to the application as it was given, as far as the database can hold it.
    url: url.replaceAll("\0", "").slice(0, MAX_URL_LENGTH),
    hostKey: null,
    problem,
  });
  const assess = (url: string | null): Target => {
    if (url === null || url === "") return { url: null, hostKey: null, problem: null };
    const parsed = parseUrl(url);
    if (!parsed) return refused(url, "must be an absolute URL of at most 2048 characters");
    const problem = problemOf(parsed.parts, addresses);
    if (problem !== null) return refused(url, problem);
    return { url, hostKey: `${parsed.parts.host}:${parsed.parts.port}`, problem: null };
  };
  return {
    assess,
    examine: async (url) => {
      const target = assess(url);
      const parsed = target.problem === null ? parseUrl(url) : null;
      const isAstray = parsed !== null && (await leadsAstray(parsed.url, addresses, resolver));
      return isAstray ? refused(url, "leads to an address that is not allowed") : target;
    },
  };
}
