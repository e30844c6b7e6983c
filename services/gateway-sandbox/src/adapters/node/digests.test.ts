import { describe, expect, it } from "vitest";
import { buildSignedText, type Fields, signFields, signInMode } from "../../domain/signature.ts";
import { nodeDigests } from "./digests.ts";

/**
 * Two published captures of the real sandbox (Jawwad-Fida/HealthStack-System `test.py`; the documented demo store), and one
 * made by the same rule with the two names that newer callbacks sign as well.
 */
const V1 = `amount=10.00&bank_tran_id=200105225825DBgSoRGLvczhFjj&base_fair=0.00&card_brand=VISA&card_issuer=TRUST BANK, LTD.
&card_issuer_country=Bangladesh&card_issuer_country_code=BD&card_no=418117XXXXXX6675&card_type=VISA-Dutch Bangla
&currency=BDT&currency_amount=10.00&currency_rate=1.0000&currency_type=BDT&risk_level=0&risk_title=Safe&status=VALID
&store_amount=9.75&store_id=test_testemi&tran_date=2020-01-05 22:58:21&tran_id=5E121A0D01F92
&val_id=200105225826116qFnATY9sHIwo&value_a=&value_b=&value_c=&value_d=`;
const V2 = `amount=600.00&bank_tran_id=2101261854540sl3LEqAN58gnVk&base_fair=0.00&card_brand=MOBILEBANKING&card_issuer=DBBL Mobile Banking
&card_issuer_country=Bangladesh&card_issuer_country_code=BD&card_no=&card_type=DBBLMOBILEB-Dbbl Mobile Banking
&currency=BDT&currency_amount=600.00&currency_rate=1.0000&currency_type=BDT&risk_level=0&risk_title=Safe&status=VALID
&store_amount=585.00&store_id=testbox&tran_date=2021-01-26 18:54:43&tran_id=45c48cce2e
&val_id=210126185454BSzXJBsNFp6bXIg&value_a=45c48cce2e&value_b=9&value_c=cart_payment&value_d=`;

const readVector = (text: string): Fields =>
  Object.fromEntries(
    text
      .replaceAll("\n", "")
      .split("&")
      .map((pair): [string, string] => {
        const at = pair.indexOf("=");
        return [pair.slice(0, at), pair.slice(at + 1)];
      }),
  );

const V3 = { ...readVector(V1), card_sub_brand: "Classic", error: "" };
const demi = "test_testemi@ssl";

describe.each([
  {
    vector: "V1",
    fields: readVector(V1),
    password: demi,
    names: 25,
    lengths: [550, 582],
    md5: "d42fab70ae0bcbda5280e7baffef60b0",
    sha256: "02c0417ff467c109006382d56eedccecd68382e47245266e7b47abbb3d43976e",
  },
  {
    vector: "V2",
    fields: readVector(V2),
    password: "qwerty",
    names: 25,
    lengths: [579, 611],
    md5: "d546dc34743572351d30825fa5bed5a9",
    sha256: "ed82f8596c10493c89030953fcf4b6617eb464f4c9c6429dc2331018acc32271",
  },
  {
    vector: "V3",
    fields: V3,
    password: demi,
    names: 27,
    lengths: [580, 612],
    md5: "76ab2667cbffff82600cdc597cf9bff2",
    sha256: "613871448161c899b4c091e6cb7203e915209bfea87fb753f8d24cf35beb5a5b",
  },
])("golden vector $vector", ({ fields, password, names, lengths, md5, sha256 }) => {
  it("builds the signed text in its published length", () => {
    const digests = [nodeDigests.md5(password), nodeDigests.sha256(password)];
    expect(digests.map((digest) => buildSignedText(fields, digest).length)).toEqual(lengths);
  });

  it("gives both published signatures whatever the order of the fields", () => {
    const reversed = Object.fromEntries(Object.entries(fields).reverse());
    const signature = signFields(reversed, password, nodeDigests);
    expect(signature.verify_sign).toBe(md5);
    expect(signature.verify_sign_sha2).toBe(sha256);
    expect(signature.verify_key?.split(",")).toEqual(Object.keys(fields).sort());
    expect(signature.verify_key?.split(",")).toHaveLength(names);
  });
});

describe("sign modes", () => {
  const passwords = { own: demi, other: "somebody else" };
  const good = signFields(V3, demi, nodeDigests);
  const sign = (mode: Parameters<typeof signInMode>[1]): Fields =>
    signInMode(V3, mode, passwords, nodeDigests);

  it("signs genuinely", () => expect(sign("good")).toEqual(good));

  it("leaves the signature out", () => expect(sign("none")).toEqual({}));

  it("leaves only SHA-256 out", () => {
    expect(sign("md5_only")).toEqual({ verify_key: good.verify_key, verify_sign: good.verify_sign });
  });

  it.each(["bad", "other_password"] as const)("%s has both digests well formed and both wrong", (mode) => {
    const signature = sign(mode);
    expect(signature.verify_sign).toMatch(/^[0-9a-f]{32}$/);
    expect(signature.verify_sign_sha2).toMatch(/^[0-9a-f]{64}$/);
    expect(signature.verify_sign).not.toBe(good.verify_sign);
    expect(signature.verify_sign_sha2).not.toBe(good.verify_sign_sha2);
  });
});
