import { fc, test } from "@fast-check/vitest";
import { describe, expect, it } from "vitest";
import { describeRequest, errorCode, maskPans, redactEvidence } from "./redaction.ts";

describe("stored evidence", () => {
  it.each([
    ["4111111111111111", "XXXXXXXXXXXX1111"],
    ["card_no=371111111111114&x=1", "card_no=XXXXXXXXXXX1114&x=1"],
    ["4111 1111 1111 1111", "XXXX XXXX XXXX 1111"],
    ["4111+1111+1111+1111", "XXXX+XXXX+XXXX+1111"],
    ["10 4111-1111-1111-1111 1226", "10 XXXX-XXXX-XXXX-1111 1226"],
    ["00004111111111111111123", "XXXXXXXXXXXXXXXXXXX1123"],
  ])("masks the card number in %s", (text, expected) => {
    expect(maskPans(text)).toEqual({ text: expected, masked: true });
  });

  it.each(["4111111111111112", "418117XXXXXX6675", "411111111111", "tran_date=2021-01-26+18%3A54%3A43", ""])(
    "leaves %s alone",
    (text) => {
      expect(maskPans(text)).toEqual({ text, masked: false });
    },
  );

  const around = fc.string().map((text) => `${text} `.replace(/%20/g, ""));
  test.prop([around, around], { numRuns: 1_000 })(
    "never keeps a card number among other text",
    (before, after) => {
      expect(maskPans(`${before}5111111111111118 ${after}`).text).not.toContain("5111111111111118");
    },
  );

  it("keeps neither credentials nor signatures", () => {
    const form =
      "tran_id=t&store_passwd=canary&verify_sign=d5&verify_sign_sha2=ed&VERIFY_SIGN=x&verify_key=tran_id";
    const { text } = redactEvidence(form);
    expect(text).toBe(
      "tran_id=t&store_passwd=[redacted]&verify_sign=[redacted]&verify_sign_sha2=[redacted]&VERIFY_SIGN=[redacted]&verify_key=tran_id",
    );
  });
});

describe("logs", () => {
  it("name the parameters of a request, never a value", () => {
    const text = describeRequest("GET", "https://sandbox.sslcommerz.com", "/v", ["store_id", "store_passwd"]);
    expect(text).toBe("GET sandbox.sslcommerz.com/v (store_id, store_passwd)");
  });

  it("keep of an error nothing but its code", () => {
    const error = Object.assign(new Error("https://x/?store_passwd=canary"), { code: "ECONNRESET" });
    expect(errorCode(error)).toBe("ECONNRESET");
    expect(errorCode({ code: "store_passwd=canary" })).toBe("ERROR");
    expect(errorCode(new Error("canary"))).toBe("ERROR");
    expect(errorCode(null)).toBe("ERROR");
  });
});
