/** A URL after WHATWG parsing: rules look at what a client would really use, never at the spelling. */
export type UrlParts = {
  readonly protocol: string;
  readonly hasUserInfo: boolean;
  readonly hasFragment: boolean;
  /** Lower case, without brackets and without a trailing dot. */
  readonly host: string;
  readonly port: number;
  readonly isAddress: boolean;
};

export const MAX_URL_LENGTH = 2_048;
const MAX_HOST_LENGTH = 253;
const PORTS = [443, 8_443];
const PRIVATE_NAME = /(^|\.)(localhost|local|internal)$/;

export function isLocalhost(host: string): boolean {
  return host === "localhost" || host.endsWith(".localhost");
}

/** https on one of the two ports: whatever is less strict may only go to addresses inside the allow-list. */
export function isStrict(protocol: string, port: number): boolean {
  return protocol === "https:" && PORTS.includes(port);
}

/**
 * Why a URL is refused, or null. `isLoose` frees from the https, port and name rules: the address decides, when it is
 * known. A refusal here is a friendly early answer; the protection is the check of every connection.
 */
export function urlProblem(parts: UrlParts, isLoose: boolean): string | null {
  const { protocol, host, port } = parts;
  if (protocol !== "https:" && protocol !== "http:") return "must begin with https://";
  if (parts.hasUserInfo) return "must not hold a user name or password";
  if (parts.hasFragment) return "must not hold a fragment";
  if (host === "" || host.length > MAX_HOST_LENGTH) return "must name a host of at most 253 characters";
  if (host.split(".").includes("")) return "must name a host without empty parts";
  if (isLoose) return null;
  if (protocol !== "https:") return "must begin with https://";
  if (!PORTS.includes(port)) return "must use port 443 or 8443";
  if (!parts.isAddress && !host.includes(".")) return "must name a host with a dot";
  if (PRIVATE_NAME.test(host)) return "must name a public host";
  return null;
}
