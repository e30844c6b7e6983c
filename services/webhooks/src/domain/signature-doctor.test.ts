import { Webhook } from "standardwebhooks";
import { describe, expect, it } from "vitest";
import { doctorCodec } from "../adapters/crypto/doctor-codec.ts";
import { type Diagnosis, diagnose, type Evidence } from "./signature-doctor.ts";

// Oracle: the npm package standardwebhooks signs what the doctor looks at.
const SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo=";
const OTHER = "whsec_AAAA9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo=";
const NOW = 1_780_567_200;
const ID = "evt_1CkX7cXQv1mTz4YhR2bJ8n";
const BODY = '{"id":"evt_1","data":{"customerReference":"গ্রাহক/1","amountMinor":150000}}';

const utf8 = (text: string): Buffer => Buffer.from(text, "utf8");

function headers(body = BODY, secret = SECRET, at = NOW): Record<string, string> {
  return {
    "Webhook-Id": ID,
    "webhook-timestamp": String(at),
    "webhook-signature": new Webhook(secret).sign(ID, new Date(at * 1_000), body),
    "content-length": String(utf8(body).length),
  };
}

function examine(change: Partial<Evidence> = {}): Diagnosis {
  const evidence: Evidence = {
    headers: headers(),
    body: utf8(BODY),
    secrets: [SECRET],
    others: [],
    computed: null,
    nowSeconds: NOW,
    ...change,
  };
  return diagnose(evidence, doctorCodec);
}

const causeOf = (change: Partial<Evidence>): string => {
  const found = examine(change);
  return found.isValid ? "none" : found.cause;
};

const hmac = (algorithm: "sha1" | "sha256" | "sha512", key: Buffer, text: string): Buffer =>
  Buffer.from(doctorCodec.hmac(algorithm, key, utf8(text)));
const KEY = Buffer.from(SECRET.slice(6), "base64");

describe("the doctor", () => {
  it("finds nothing wrong with a good signature, also beside others", () => {
    expect(examine()).toMatchObject({ isValid: true });
    const both = `v1,AAAA ${headers()["webhook-signature"]} v1a,xyz`;
    expect(causeOf({ headers: { ...headers(), "webhook-signature": both } })).toBe("none");
    expect(causeOf({ secrets: [OTHER, SECRET] })).toBe("none");
  });

  it("HEADER_MISSING: and lists what did arrive", () => {
    const { "webhook-signature": _, ...rest } = headers();
    const found = examine({ headers: { ...rest, "x-forwarded-for": "192.0.2.1" } });
    expect(found).toMatchObject({ cause: "HEADER_MISSING", message: "webhook-signature did not arrive." });
    expect(found.details.arrived).toBe("webhook-id, webhook-timestamp, x-forwarded-for");
  });

  it("TIMESTAMP_MALFORMED: milliseconds and words", () => {
    for (const value of [`${NOW}000`, "soon", "1.5e9"])
      expect(causeOf({ headers: { ...headers(), "webhook-timestamp": value } }), value).toBe(
        "TIMESTAMP_MALFORMED",
      );
  });

  it("TIMESTAMP_OUTSIDE_TOLERANCE: with the skew and its sign", () => {
    const late = examine({ nowSeconds: NOW + 301 });
    expect(late).toMatchObject({ cause: "TIMESTAMP_OUTSIDE_TOLERANCE", details: { skewSeconds: "301" } });
    expect(examine({ nowSeconds: NOW - 400 }).details.skewSeconds).toBe("-400");
    expect(causeOf({ nowSeconds: NOW + 300 })).toBe("none");
  });

  it("BODY_PARSED: an object in place of bytes", () => {
    expect(causeOf({ body: JSON.parse(BODY) })).toBe("BODY_PARSED");
  });

  it("BODY_REENCODED: pretty-printed on the way", () => {
    expect(causeOf({ body: utf8(JSON.stringify(JSON.parse(BODY), null, 2)) })).toBe("BODY_REENCODED");
  });

  it("BODY_ESCAPED: as json_encode of PHP writes", () => {
    const escaped = BODY.replaceAll("/", "\\/").replace(
      /[\u0080-\uffff]/g,
      (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`,
    );
    expect(causeOf({ body: utf8(escaped) })).toBe("BODY_ESCAPED");
  });

  it("BODY_NEWLINE: a byte order mark, a last line end, CRLF", () => {
    expect(causeOf({ body: utf8(`${BODY}\n`) })).toBe("BODY_NEWLINE");
    expect(causeOf({ body: utf8(`\uFEFF${BODY}`) })).toBe("BODY_NEWLINE");
    const lines = '{\n"a":1}';
    expect(causeOf({ headers: headers(lines), body: utf8(lines.replace("\n", "\r\n")) })).toBe(
      "BODY_NEWLINE",
    );
  });

  it("BODY_LATIN1: Bangla text that became mojibake", () => {
    expect(causeOf({ body: utf8(utf8(BODY).toString("latin1")) })).toBe("BODY_LATIN1");
  });

  it("BODY_TRUNCATED: by its length, or because the JSON ends early", () => {
    const cut = utf8(BODY).subarray(0, 40);
    expect(causeOf({ body: cut })).toBe("BODY_TRUNCATED");
    const { "content-length": _, ...rest } = headers();
    expect(causeOf({ body: cut, headers: rest })).toBe("BODY_TRUNCATED");
  });

  it("SECRET_WHITESPACE: spaces, quotes and line ends of environment files", () => {
    for (const secret of [` ${SECRET}`, `${SECRET}\n`, `"${SECRET}"`, `'${SECRET}' `, `${SECRET}\\n`]) {
      const found = examine({ secrets: [secret] });
      expect(found, secret).toMatchObject({ cause: "SECRET_WHITESPACE" });
      expect(JSON.stringify(found)).not.toContain(SECRET);
    }
  });

  it("SECRET_NOT_DECODED: the text of the secret as key", () => {
    for (const key of [SECRET, SECRET.slice(6)]) {
      const computed = hmac("sha256", utf8(key), `${ID}.${NOW}.${BODY}`).toString("base64");
      expect(causeOf({ computed: `v1,${computed}` })).toBe("SECRET_NOT_DECODED");
    }
  });

  it("SIGNED_WRONG_STRING: body alone, other order, hexadecimal, another hash", () => {
    const of = (
      text: string,
      form: "base64" | "hex" = "base64",
      algorithm: "sha1" | "sha256" | "sha512" = "sha256",
    ) => hmac(algorithm, KEY, text).toString(form);
    const right = `${ID}.${NOW}.${BODY}`;
    const mistakes = [
      of(BODY),
      of(`${NOW}.${BODY}`),
      of(`${NOW}.${ID}.${BODY}`),
      of(right, "hex"),
      of(right, "base64", "sha1"),
      `sha256=${of(BODY, "hex", "sha512")}`,
    ];
    for (const computed of mistakes) expect(causeOf({ computed }), computed).toBe("SIGNED_WRONG_STRING");
    expect(causeOf({ computed: of(right) })).toBe("none");
  });

  it("SECRET_OF_OTHER: and says whose", () => {
    const others = [{ secret: OTHER, label: "secret 1 of endpoint 5 (TEST), active" }];
    const found = examine({ headers: headers(BODY, OTHER), others });
    expect(found).toMatchObject({ cause: "SECRET_OF_OTHER" });
    expect(found.message).toContain("endpoint 5 (TEST)");
  });

  it("SIGNATURE_FORGED: when nothing fits, without showing what would", () => {
    const found = examine({ headers: { ...headers(), "webhook-signature": `v1,${"A".repeat(43)}=` } });
    expect(found).toMatchObject({ cause: "SIGNATURE_FORGED" });
    expect(found.details.expected).toHaveLength(6);
    expect(causeOf({ headers: { ...headers(), "webhook-signature": "v2,x" } })).toBe("SIGNATURE_FORGED");
    expect(causeOf({ secrets: [] })).toBe("SIGNATURE_FORGED");
  });
});
