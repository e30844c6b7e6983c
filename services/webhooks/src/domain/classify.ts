/** What an attempt came to. UNKNOWN: the worker died with it. LOCAL: our own fault, which costs no try. */
export type Outcome = "OK" | "HTTP" | "TIMEOUT" | "CONNECT" | "TLS" | "DNS" | "BLOCKED" | "UNKNOWN" | "LOCAL";

/** What callers may see. Never a socket's own message: that would make us a port scanner. */
export type AttemptError =
  | "HTTP_STATUS"
  | "REDIRECT_REFUSED"
  | "TIMEOUT_CONNECT"
  | "TIMEOUT_HEADERS"
  | "TIMEOUT_TOTAL"
  | "CONNECTION_REFUSED"
  | "CONNECTION_RESET"
  | "TLS_INVALID"
  | "DNS_FAILED"
  | "ADDRESS_BLOCKED"
  | "RESPONSE_INVALID"
  | "LEASE_LOST"
  | "LOCAL";

export type Finding = { readonly outcome: Outcome; readonly error: AttemptError | null };

export function classifyStatus(status: number): Finding {
  if (status >= 200 && status < 300) return { outcome: "OK", error: null };
  if (status >= 300 && status < 400) return { outcome: "HTTP", error: "REDIRECT_REFUSED" };
  return { outcome: "HTTP", error: "HTTP_STATUS" };
}

/** Names of our own guards beside the codes of sockets, TLS and the HTTP client. */
export const BLOCKED_CODE = "EBLOCKED";
export const DNS_CODE = "EDNS";
export const DEADLINE_CODE = "EDEADLINE";
export const LOCAL_CODE = "ELOCAL";
export const PROXY_TARGET_CODE = "EPROXYTARGET";

const KNOWN: Readonly<Record<string, Finding>> = {
  [BLOCKED_CODE]: { outcome: "BLOCKED", error: "ADDRESS_BLOCKED" },
  [DNS_CODE]: { outcome: "DNS", error: "DNS_FAILED" },
  [DEADLINE_CODE]: { outcome: "TIMEOUT", error: "TIMEOUT_TOTAL" },
  UND_ERR_BODY_TIMEOUT: { outcome: "TIMEOUT", error: "TIMEOUT_TOTAL" },
  UND_ERR_HEADERS_TIMEOUT: { outcome: "TIMEOUT", error: "TIMEOUT_HEADERS" },
  UND_ERR_CONNECT_TIMEOUT: { outcome: "TIMEOUT", error: "TIMEOUT_CONNECT" },
  ETIMEDOUT: { outcome: "TIMEOUT", error: "TIMEOUT_CONNECT" },
  ECONNREFUSED: { outcome: "CONNECT", error: "CONNECTION_REFUSED" },
  [PROXY_TARGET_CODE]: { outcome: "CONNECT", error: "CONNECTION_REFUSED" },
  EHOSTUNREACH: { outcome: "CONNECT", error: "CONNECTION_REFUSED" },
  ENETUNREACH: { outcome: "CONNECT", error: "CONNECTION_REFUSED" },
  [LOCAL_CODE]: { outcome: "LOCAL", error: "LOCAL" },
  UND_ERR_DESTROYED: { outcome: "LOCAL", error: "LOCAL" },
  UND_ERR_CLOSED: { outcome: "LOCAL", error: "LOCAL" },
  EMFILE: { outcome: "LOCAL", error: "LOCAL" },
  ENFILE: { outcome: "LOCAL", error: "LOCAL" },
  ENOBUFS: { outcome: "LOCAL", error: "LOCAL" },
  EADDRNOTAVAIL: { outcome: "LOCAL", error: "LOCAL" },
};

const TLS_CODE =
  /^(ERR_TLS_|ERR_SSL_|CERT_|UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_|HOSTNAME_MISMATCH|INVALID_PURPOSE|EPROTO$)/;
const RESPONSE_CODE = /^(HPE_|UND_ERR_HEADERS_OVERFLOW|UND_ERR_RES_|UND_ERR_RESPONSE)/;

/** The meaning of a failure's code. Whatever is not known ended the connection, one way or the other. */
export function classifyFailure(code: string): Finding {
  const known = KNOWN[code];
  if (known) return known;
  if (TLS_CODE.test(code)) return { outcome: "TLS", error: "TLS_INVALID" };
  if (RESPONSE_CODE.test(code)) return { outcome: "HTTP", error: "RESPONSE_INVALID" };
  return { outcome: "CONNECT", error: "CONNECTION_RESET" };
}
