import { isIP } from "node:net";
import { MAX_URL_LENGTH, type UrlParts } from "../../domain/url-rules.ts";

/** `[::1]` → `::1` */
function unbracketed(hostname: string): string {
  return hostname.replace(/^\[|\]$/g, "").toLowerCase();
}

/** `[::1]` → `::1`, `example.com.` → `example.com` */
export function plainHost(hostname: string): string {
  return unbracketed(hostname).replace(/\.$/, "");
}

export function portOf(protocol: string, port: string): number {
  if (port !== "") return Number(port);
  return protocol === "https:" ? 443 : 80;
}

/** Parses first, by the same rules as the client that connects; null for text that is no absolute URL. */
export function parseUrl(text: string): { readonly url: URL; readonly parts: UrlParts } | null {
  if (text.length > MAX_URL_LENGTH || !URL.canParse(text)) return null;
  const url = new URL(text);
  // `example.com.` is the same host; certificates and `Host` know it without the dot. What is left is read again:
  // `127.0.0.1..` becomes an address by losing one, and a second dot at the end is an empty part.
  if (url.hostname.endsWith(".")) url.hostname = plainHost(url.hostname);
  const host = unbracketed(url.hostname);
  const parts: UrlParts = {
    protocol: url.protocol,
    hasUserInfo: url.username !== "" || url.password !== "",
    // `https://a.example/#` has an empty fragment, which the parsed URL no longer shows.
    hasFragment: url.href.includes("#"),
    host,
    port: portOf(url.protocol, url.port),
    isAddress: isIP(host) !== 0,
  };
  return { url, parts };
}
