import { fc, test } from "@fast-check/vitest";
import { describe, expect, it } from "vitest";
import { identifySslcommerz, readClaim } from "./claim.ts";
import { GOLDEN_VECTORS, goldenForm, postForm } from "./golden-vectors.ts";

const [, V2] = GOLDEN_VECTORS;
const body = new URLSearchParams([...goldenForm(V2)]).toString();

describe("a callback", () => {
  it("is read into a claim, by POST and by GET", () => {
    const expected = {
      merchantRef: "45c48cce2e",
      gatewayRef: "210126185454BSzXJBsNFp6bXIg",
      accountRef: "testbox",
      money: { amountMinor: 600_00n, currency: "BDT" },
      says: "paid",
      signature: "valid",
      note: null,
    };
    expect(readClaim(postForm(body), "qwerty")).toEqual(expected);
    const get = { ...postForm(""), method: "GET", query: body };
    expect(readClaim(get, "qwerty")).toEqual(expected);
    expect(identifySslcommerz(get)).toEqual({ merchantRef: "45c48cce2e", accountRef: "testbox" });
  });

  it("is invalid with a repeated field, whichever value was signed", () => {
    for (const form of [`${body}&amount=600.00`, `amount=1.00&${body}`]) {
      const claim = readClaim(postForm(form), "qwerty");
      expect(claim).toMatchObject({
        signature: "invalid",
        note: "REPEATED_FIELD",
        merchantRef: "45c48cce2e",
      });
    }
  });

  it("is invalid when it is too large or has too many fields", () => {
    const many = Array.from({ length: 300 }, (_, i) => `f${i}=`).join("&");
    for (const form of [`${body}&x=${"a".repeat(70_000)}`, `${many}&${body}`]) {
      expect(readClaim(postForm(form), "qwerty")).toMatchObject({ signature: "invalid", note: "TOO_LARGE" });
    }
  });

  it.each([
    ["VALID", "paid"],
    ["validated", "paid"],
    ["FAILED", "failed"],
    ["CANCELLED", "cancelled"],
    ["EXPIRED", "expired"],
    ["UNATTEMPTED", "pending"],
    ["REVERSED", "unrecognised"],
    ["constructor", "unrecognised"],
    ["", "unrecognised"],
  ])("with the word %s says %s", (status, says) => {
    expect(readClaim(postForm(`tran_id=t&status=${status}`), "qwerty")).toMatchObject({
      says,
      signature: "absent",
    });
  });

  it("names no reference that could match no record or not be stored", () => {
    for (const ref of ["", "%00", "a%20b", "%E0%A6%B0", "x".repeat(81)]) {
      expect(identifySslcommerz(postForm(`tran_id=${ref}`)).merchantRef).toBeNull();
    }
  });

  it("claims foreign money in the currency that was asked for, and none when it is malformed", () => {
    const foreign = "amount=10228.84&currency=BDT&currency_amount=100.00&currency_type=EUR";
    expect(readClaim(postForm(foreign), "p").money).toEqual({ amountMinor: 100_00n, currency: "EUR" });
    expect(readClaim(postForm("amount=1e3&currency=BDT"), "p").money).toBeNull();
    expect(readClaim(postForm("amount=10.00&currency=JPY"), "p").money).toBeNull();
  });

  test.prop([fc.uint8Array({ maxLength: 400 }), fc.string(), fc.constantFrom("GET", "POST", "")], {
    numRuns: 1_000,
  })("of any bytes never throws and is never valid", (bytes, query, method) => {
    const claim = readClaim({ ...postForm(""), body: bytes, query, method }, "qwerty");
    expect(["absent", "invalid"]).toContain(claim.signature);
  });

  test.prop([fc.nat(body.length - 1), fc.string({ minLength: 1, maxLength: 6 })], { numRuns: 1_000 })(
    "that was tampered with anywhere keeps its references or loses its signature, and never throws",
    (at, text) => {
      const claim = readClaim(postForm(body.slice(0, at) + text + body.slice(at + 1)), "qwerty");
      if (claim.signature === "valid") expect(claim.money).toEqual({ amountMinor: 600_00n, currency: "BDT" });
    },
  );
});
