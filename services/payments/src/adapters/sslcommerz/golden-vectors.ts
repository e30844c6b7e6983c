import type { RawCallback } from "../../domain/gateway.ts";

/** A signed callback of the SSLCOMMERZ sandbox with known digests. For tests only. */
type GoldenVector = {
  readonly name: string;
  readonly storePassword: string;
  /** The signed text with `{D}` in the place of the password's digest. */
  readonly text: string;
  readonly lengths: { readonly md5: number; readonly sha256: number };
  readonly md5: string;
  readonly sha256: string;
};

const V1 =
  "amount=10.00&bank_tran_id=200105225825DBgSoRGLvczhFjj&base_fair=0.00&card_brand=VISA&card_issuer=TRUST BANK, LTD." +
  "&card_issuer_country=Bangladesh&card_issuer_country_code=BD&card_no=418117XXXXXX6675&card_type=VISA-Dutch Bangla" +
  "&currency=BDT&currency_amount=10.00&currency_rate=1.0000&currency_type=BDT&risk_level=0&risk_title=Safe&status=VALID" +
  "&store_amount=9.75&store_id=test_testemi&store_passwd={D}&tran_date=2020-01-05 22:58:21&tran_id=5E121A0D01F92" +
  "&val_id=200105225826116qFnATY9sHIwo&value_a=&value_b=&value_c=&value_d=";

const V2 =
  "amount=600.00&bank_tran_id=2101261854540sl3LEqAN58gnVk&base_fair=0.00&card_brand=MOBILEBANKING&card_issuer=DBBL Mobile Banking" +
  "&card_issuer_country=Bangladesh&card_issuer_country_code=BD&card_no=&card_type=DBBLMOBILEB-Dbbl Mobile Banking" +
  "&currency=BDT&currency_amount=600.00&currency_rate=1.0000&currency_type=BDT&risk_level=0&risk_title=Safe&status=VALID" +
  "&store_amount=585.00&store_id=testbox&store_passwd={D}&tran_date=2021-01-26 18:54:43&tran_id=45c48cce2e" +
  "&val_id=210126185454BSzXJBsNFp6bXIg&value_a=45c48cce2e&value_b=9&value_c=cart_payment&value_d=";

/**
 * V1 was published in Jawwad-Fida/HealthStack-System `test.py`, V2 with the documented demo store. V3 is V1 with two
 * newer fields, made by the same rule.
 */
export const GOLDEN_VECTORS: readonly [GoldenVector, GoldenVector, GoldenVector] = [
  {
    name: "V1",
    storePassword: "test_testemi@ssl",
    text: V1,
    lengths: { md5: 550, sha256: 582 },
    md5: "d42fab70ae0bcbda5280e7baffef60b0",
    sha256: "02c0417ff467c109006382d56eedccecd68382e47245266e7b47abbb3d43976e",
  },
  {
    name: "V2",
    storePassword: "qwerty",
    text: V2,
    lengths: { md5: 579, sha256: 611 },
    md5: "d546dc34743572351d30825fa5bed5a9",
    sha256: "ed82f8596c10493c89030953fcf4b6617eb464f4c9c6429dc2331018acc32271",
  },
  {
    name: "V3",
    storePassword: "test_testemi@ssl",
    text: V1.replace("&card_type=", "&card_sub_brand=Classic&card_type=").replace(
      "&risk_level=",
      "&error=&risk_level=",
    ),
    lengths: { md5: 580, sha256: 612 },
    md5: "76ab2667cbffff82600cdc597cf9bff2",
    sha256: "613871448161c899b4c091e6cb7203e915209bfea87fb753f8d24cf35beb5a5b",
  },
];

/** The form of a vector as it was posted: its fields, `verify_key` and both digests. */
export function goldenForm({ text, md5, sha256 }: GoldenVector): Map<string, string> {
  const pairs = text.split("&").map((pair): [string, string] => {
    const at = pair.indexOf("=");
    return [pair.slice(0, at), pair.slice(at + 1)];
  });
  const fields = new Map(pairs.filter(([name]) => name !== "store_passwd"));
  const names = [...fields.keys()].join(",");
  return fields.set("verify_key", names).set("verify_sign", md5).set("verify_sign_sha2", sha256);
}

export function postForm(form: Iterable<[string, string]> | string): RawCallback {
  const text = typeof form === "string" ? form : new URLSearchParams([...form]).toString();
  return {
    channel: "notification",
    method: "POST",
    contentType: "application/x-www-form-urlencoded",
    body: new TextEncoder().encode(text),
    query: "",
    remoteAddress: "103.26.139.81",
  };
}
