import { fc, test } from "@fast-check/vitest";
import { describe, expect, it } from "vitest";
import { GOLDEN_VECTORS, goldenForm } from "./golden-vectors.ts";
import { checkSignature, signedText } from "./signature.ts";

const [V1, V2] = GOLDEN_VECTORS;

const changed = (changes: Readonly<Record<string, string | null>>, vector = V2): Map<string, string> => {
  const form = goldenForm(vector);
  for (const [name, value] of Object.entries(changes)) {
    if (value === null) form.delete(name);
    else form.set(name, value);
  }
  return form;
};

describe.each(GOLDEN_VECTORS)("golden vector $name", (vector) => {
  const form = goldenForm(vector);
  const names = (form.get("verify_key") ?? "").split(",");

  it("is signed over exactly the published text", () => {
    for (const algorithm of ["md5", "sha256"] as const) {
      const text = signedText(names, form, vector.storePassword, algorithm);
      expect(text).toHaveLength(vector.lengths[algorithm]);
      expect(text.replace(/store_passwd=[0-9a-f]+/, "store_passwd={D}")).toBe(vector.text);
    }
  });

  it("is valid, and weak when only the MD5 digest is there", () => {
    expect(checkSignature(form, vector.storePassword)).toEqual({ signature: "valid", note: null });
    for (const sha256 of [null, "0".repeat(64)]) {
      const weak = changed({ verify_sign_sha2: sha256 }, vector);
      expect(checkSignature(weak, vector.storePassword)).toEqual({ signature: "weak", note: "MD5_ONLY" });
    }
    expect(checkSignature(changed({ verify_sign: null }, vector), vector.storePassword).signature).toBe(
      "valid",
    );
  });

  it("is invalid with another password", () => {
    expect(checkSignature(form, "another").note).toBe("DIGEST_MISMATCH");
  });
});

describe("a signature", () => {
  it("keeps the digests of the passwords that were published", () => {
    expect(signedText([], new Map(), V1.storePassword, "md5")).toBe(
      "store_passwd=1b41a39d56805bad5982ddff7a9841b1",
    );
    expect(signedText([], new Map(), V2.storePassword, "sha256")).toBe(
      "store_passwd=65e84be33532fb784c48129675f9eff3a682b27168c0ea744b2cf58ee02337c5",
    );
  });

  it("is absent only when neither digest is there", () => {
    const unsigned = changed({ verify_sign: null, verify_sign_sha2: null });
    expect(checkSignature(unsigned, "qwerty")).toEqual({ signature: "absent", note: null });
  });

  it.each([
    ["a changed amount", { amount: "6.00" }, "DIGEST_MISMATCH"],
    ["an emptied field", { value_c: "" }, "DIGEST_MISMATCH"],
    ["digests of other lengths", { verify_sign: "d5", verify_sign_sha2: "é".repeat(64) }, "DIGEST_MISMATCH"],
    ["upper-case digests", { verify_sign: V2.md5.toUpperCase(), verify_sign_sha2: "" }, "DIGEST_MISMATCH"],
    ["a signed name that is not in the body", { value_d: null }, "KEY_NOT_IN_BODY"],
    ["no list of names", { verify_key: null }, "KEY_NOT_IN_BODY"],
  ])("is invalid with %s", (_, changes, note) => {
    expect(checkSignature(changed(changes), "qwerty")).toEqual({ signature: "invalid", note });
  });

  it("is invalid when the list repeats a name or names the password", () => {
    const key = goldenForm(V2).get("verify_key");
    const repeated = changed({ verify_key: `${key},amount` });
    const password = changed({ verify_key: `${key},store_passwd`, store_passwd: "x" });
    expect(checkSignature(repeated, "qwerty").note).toBe("KEY_REPEATED");
    expect(checkSignature(password, "qwerty").note).toBe("KEY_IS_PASSWORD");
  });

  it.each(["tran_id", "val_id", "amount", "currency", "status", "store_id"])(
    "is invalid on a paid claim that does not sign %s",
    (name) => {
      const names = (goldenForm(V2).get("verify_key") ?? "").split(",").filter((one) => one !== name);
      for (const status of ["VALID", " validated "]) {
        const form = changed({ verify_key: names.join(","), status });
        expect(checkSignature(form, "qwerty").note).toBe("REQUIRED_NAME_UNSIGNED");
      }
    },
  );

  it("asks of a negative claim only reference and status", () => {
    const form = new Map([
      ["tran_id", "t"],
      ["status", "CANCELLED"],
      ["verify_key", "tran_id,status"],
      ["verify_sign_sha2", "x"],
    ]);
    expect(checkSignature(form, "qwerty").note).toBe("DIGEST_MISMATCH");
    expect(checkSignature(new Map(form).set("verify_key", "status"), "qwerty").note).toBe(
      "REQUIRED_NAME_UNSIGNED",
    );
  });

  test.prop([fc.dictionary(fc.string(), fc.string()), fc.string(), fc.string(), fc.string()], {
    numRuns: 1_000,
  })("is never valid and never throws for a fuzzed form", (fields, key, md5, sha256) => {
    const form = new Map([...Object.entries(fields), ["verify_key", key], ["verify_sign", md5]] as [
      string,
      string,
    ][]);
    form.set("verify_sign_sha2", sha256);
    expect(["absent", "invalid"]).toContain(checkSignature(form, "qwerty").signature);
  });

  test.prop([fc.constantFrom(...goldenForm(V2).keys()), fc.string()], { numRuns: 1_000 })(
    "does not survive a change of any signed field",
    (name, value) => {
      fc.pre(goldenForm(V2).get(name) !== value && !name.startsWith("verify_"));
      expect(checkSignature(changed({ [name]: value }), "qwerty").signature).toBe("invalid");
    },
  );
});
