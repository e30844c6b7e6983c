import { alterations, compact } from "./body-alterations.ts";
import { HINTS } from "./signature-hints.ts";

/** Why a receiver could not verify a webhook. The list is closed. */
export type Cause =
  | "HEADER_MISSING"
  | "TIMESTAMP_MALFORMED"
  | "TIMESTAMP_OUTSIDE_TOLERANCE"
  | "BODY_PARSED"
  | "BODY_REENCODED"
  | "BODY_ESCAPED"
  | "BODY_NEWLINE"
  | "BODY_LATIN1"
  | "BODY_TRUNCATED"
  | "SECRET_WHITESPACE"
  | "SECRET_NOT_DECODED"
  | "SIGNED_WRONG_STRING"
  | "SECRET_OF_OTHER"
  | "SIGNATURE_FORGED";

export type Diagnosis =
  | { readonly isValid: true; readonly message: string; readonly details: Readonly<Record<string, string>> }
  | {
      readonly isValid: false;
      readonly cause: Cause;
      readonly message: string;
      readonly hint: string;
      readonly details: Readonly<Record<string, string>>;
    };

export type Algorithm = "sha1" | "sha256" | "sha512";

/** What the doctor needs from outside the pure code. */
export interface Codec {
  hmac(algorithm: Algorithm, key: Uint8Array, data: Uint8Array): Uint8Array;
  bytes(text: string, encoding: "utf8" | "latin1" | "base64"): Uint8Array;
  text(bytes: Uint8Array, encoding: "utf8" | "base64" | "hex"): string;
}

export type Evidence = {
  /** In any case. */
  readonly headers: Readonly<Record<string, string>>;
  /** The bytes that the receiver saw, or what a framework had made of them. */
  readonly body: Uint8Array | object;
  /** What the receiver holds, or every secret that may verify. */
  readonly secrets: readonly string[];
  /** Other secrets, each with what it is: known only to the sender. */
  readonly others: readonly { readonly secret: string; readonly label: string }[];
  /** The signature that the receiver's own code computed. */
  readonly computed: string | null;
  /** Null leaves the time unchecked. */
  readonly nowSeconds: number | null;
};

const TOLERANCE_SECONDS = 300;
const NAMES = ["webhook-id", "webhook-timestamp", "webhook-signature"] as const;

type Signed = {
  readonly id: string;
  readonly timestamp: string;
  readonly body: Uint8Array;
  /** The `v1` entries of the header, without their prefix. */
  readonly entries: readonly string[];
};

function found(cause: Cause, message: string, details: Record<string, string> = {}): Diagnosis {
  return { isValid: false, cause, message, hint: HINTS[cause], details };
}

/** As long as both are, however early they differ. */
function isEqual(a: string, b: string): boolean {
  let difference = a.length ^ b.length;
  for (let i = 0; i < a.length; i++) difference |= a.charCodeAt(i) ^ b.charCodeAt(i % Math.max(1, b.length));
  return difference === 0;
}

function concat(...parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** The bytes that a secret stands for; null for text that is none. */
function keyOf(secret: string, codec: Codec): Uint8Array | null {
  const [, base64] = /^(?:whsec_)?([A-Za-z0-9+/]{8,}={0,2})$/.exec(secret) ?? [];
  return base64 === undefined ? null : codec.bytes(base64, "base64");
}

function signatureOf(key: Uint8Array, { id, timestamp, body }: Signed, codec: Codec): string {
  const content = concat(codec.bytes(`${id}.${timestamp}.`, "utf8"), body);
  return codec.text(codec.hmac("sha256", key, content), "base64");
}

function verifies(secret: string, signed: Signed, codec: Codec): boolean {
  const key = keyOf(secret, codec);
  if (!key) return false;
  const expected = signatureOf(key, signed, codec);
  return signed.entries.filter((entry) => isEqual(entry, expected)).length > 0;
}

function describe(secret: string): string {
  return `${secret.length} characters, ends in ${secret.slice(-4)}`;
}

function readHeaders(evidence: Evidence): Diagnosis | Omit<Signed, "body"> {
  const headers = new Map(
    Object.entries(evidence.headers).map(([name, value]) => [name.toLowerCase(), value.trim()]),
  );
  const missing = NAMES.filter((name) => !headers.get(name));
  if (missing.length > 0) {
    const arrived = [...headers.keys()].filter((name) => /^(x-|webhook-)/.test(name)).join(", ");
    return found("HEADER_MISSING", `${missing.join(", ")} did not arrive.`, { arrived: arrived || "none" });
  }
  const timestamp = headers.get("webhook-timestamp") ?? "";
  if (/^\d{13}$/.test(timestamp))
    return found("TIMESTAMP_MALFORMED", "The timestamp is in milliseconds.", { timestamp });
  if (!/^\d{1,12}$/.test(timestamp))
    return found("TIMESTAMP_MALFORMED", "The timestamp is no whole number of seconds.", { timestamp });
  const entries = (headers.get("webhook-signature") ?? "")
    .split(" ")
    .filter((entry) => entry.startsWith("v1,"))
    .map((entry) => entry.slice(3));
  return { id: headers.get("webhook-id") ?? "", timestamp, entries };
}

function alteredBody(secrets: readonly string[], signed: Signed, codec: Codec): Diagnosis | null {
  for (const { cause, message, body } of alterations(signed.body, codec)) {
    if (body && secrets.some((secret) => verifies(secret, { ...signed, body }, codec)))
      return found(cause, message, { bytesSeen: `${signed.body.length}`, bytesSigned: `${body.length}` });
  }
  return null;
}

function spoiltSecret(secrets: readonly string[], signed: Signed, codec: Codec): Diagnosis | null {
  for (const secret of secrets) {
    const clean = secret.replace(/^[\s"'`]+|[\s"'`]+$/g, "").replace(/\\[nr]$/, "");
    if (clean !== secret && verifies(clean, signed, codec))
      return found(
        "SECRET_WHITESPACE",
        "The secret is right but has spaces, line ends or quotes around it.",
        {
          secret: describe(secret),
          expected: describe(clean),
        },
      );
  }
  return null;
}

function wrongStrings(
  { id, timestamp, body }: Signed,
  codec: Codec,
): readonly (readonly [string, Uint8Array])[] {
  const joined = (...parts: readonly (string | null)[]): Uint8Array =>
    concat(
      ...parts.flatMap((part, i) => [
        ...(i > 0 ? [codec.bytes(".", "utf8")] : []),
        part === null ? body : codec.bytes(part, "utf8"),
      ]),
    );
  return [
    ["id.timestamp.body", joined(id, timestamp, null)],
    ["body", body],
    ["timestamp.body", joined(timestamp, null)],
    ["id.body", joined(id, null)],
    ["timestamp.id.body", joined(timestamp, id, null)],
    ["body.timestamp.id", joined(null, timestamp, id)],
    ["body.id.timestamp", joined(null, id, timestamp)],
    ["idtimestampbody", concat(codec.bytes(`${id}${timestamp}`, "utf8"), body)],
  ];
}

/** The receiver's own computation, tried again with its usual mistakes. */
function wrongComputation(
  computed: string,
  secrets: readonly string[],
  signed: Signed,
  codec: Codec,
): Diagnosis | null {
  const value = computed.trim().replace(/^(v1,|v1=|sha256=)/, "");
  for (const secret of secrets) {
    const key = keyOf(secret, codec);
    if (!key || isEqual(value, signatureOf(key, signed, codec))) continue;
    for (const text of [secret, secret.replace(/^whsec_/, "")]) {
      if (isEqual(value, signatureOf(codec.bytes(text, "utf8"), signed, codec)))
        return found("SECRET_NOT_DECODED", "The text of the secret was used as the key.", {
          secret: describe(secret),
        });
    }
    for (const [what, content] of wrongStrings(signed, codec)) {
      for (const algorithm of ["sha256", "sha1", "sha512"] as const) {
        const mac = codec.hmac(algorithm, key, content);
        const form = (["base64", "hex"] as const).find((each) =>
          isEqual(each === "hex" ? value.toLowerCase() : value, codec.text(mac, each)),
        );
        if (form)
          return found("SIGNED_WRONG_STRING", `The receiver signs ${what} with ${algorithm}, as ${form}.`, {
            signed: what,
            algorithm,
            encoding: form,
          });
      }
    }
  }
  return null;
}

function truncated(evidence: Evidence, body: Uint8Array, codec: Codec): Diagnosis | null {
  const [, length] =
    Object.entries(evidence.headers).find(([name]) => name.toLowerCase() === "content-length") ?? [];
  const text = codec.text(body, "utf8");
  const isCut = length !== undefined && /^\d+$/.test(length) && Number(length) > body.length;
  if (!isCut && !(text.startsWith("{") && compact(text) === null)) return null;
  return found("BODY_TRUNCATED", isCut ? "Bytes are missing." : "The JSON ends early.", {
    bytesSeen: `${body.length}`,
    ...(length === undefined ? {} : { contentLength: length }),
  });
}

function forged({ secrets }: Evidence, signed: Signed, codec: Codec): Diagnosis {
  const tried = secrets.flatMap((secret) => {
    const key = keyOf(secret, codec);
    return key ? [signatureOf(key, signed, codec).slice(0, 6)] : [];
  });
  return found("SIGNATURE_FORGED", "Nothing that receivers usually do wrong explains it.", {
    expected: tried.join(" ") || "no usable secret",
    arrived: signed.entries.map((entry) => entry.slice(0, 6)).join(" ") || "no v1 entry",
  });
}

function checkTime(evidence: Evidence, { timestamp }: Signed): Diagnosis {
  const skew = evidence.nowSeconds === null ? 0 : evidence.nowSeconds - Number(timestamp);
  if (Math.abs(skew) > TOLERANCE_SECONDS) {
    const when = skew > 0 ? "old" : "in the future";
    return found("TIMESTAMP_OUTSIDE_TOLERANCE", `The signature is good, and ${Math.abs(skew)} s ${when}.`, {
      skewSeconds: `${skew}`,
    });
  }
  return { isValid: true, message: "The signature is good.", details: { skewSeconds: `${skew}` } };
}

/** Says which of the usual mistakes fits, by trying them on what is given, the cheapest first. */
export function diagnose(evidence: Evidence, codec: Codec): Diagnosis {
  const { body, secrets, others, computed } = evidence;
  const headers = readHeaders(evidence);
  if ("isValid" in headers) return headers;
  if (!(body instanceof Uint8Array))
    return found("BODY_PARSED", "The body is a parsed object; the bytes that were signed are gone.");
  const signed: Signed = { ...headers, body };
  const wrong = computed === null ? null : wrongComputation(computed, secrets, signed, codec);
  if (wrong) return wrong;
  if (secrets.some((secret) => verifies(secret, signed, codec))) return checkTime(evidence, signed);
  const other = others.find(({ secret }) => verifies(secret, signed, codec));
  return (
    spoiltSecret(secrets, signed, codec) ??
    alteredBody(secrets, signed, codec) ??
    (other ? found("SECRET_OF_OTHER", `It was signed by ${other.label}.`, { secret: other.label }) : null) ??
    truncated(evidence, body, codec) ??
    forged(evidence, signed, codec)
  );
}
