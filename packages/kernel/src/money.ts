import { DomainError } from "./errors.ts";

/** An amount in minor units (paisa, cent) of one currency. Never a float. */
export type Money = { readonly amountMinor: bigint; readonly currency: string };

/** The largest amount of the public contract: 999,999,999,999,999 minor units. */
export const MAX_AMOUNT_MINOR = 999_999_999_999_999n;

/**
 * Decimals per currency, ISO 4217 list one (SIX Financial Information, as of 2026-01). Not from `Intl`, whose
 * digits differ from ISO 4217 for some thirty currencies.
 */
const CURRENCIES_BY_EXPONENT: Readonly<Record<number, string>> = {
  0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
  2:
    "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE CHF CHW " +
    "CNY COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF " +
    "IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK " +
    "MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP " +
    "SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST XCD XCG YER " +
    "ZAR ZMW ZWG",
  3: "BHD IQD JOD KWD LYD OMR TND",
  4: "CLF UYW",
};

const EXPONENTS: ReadonlyMap<string, number> = new Map(
  Object.entries(CURRENCIES_BY_EXPONENT).flatMap(([exponent, codes]) =>
    codes.split(" ").map((code): [string, number] => [code, Number(exponent)]),
  ),
);

export function isCurrency(code: string): boolean {
  return EXPONENTS.has(code);
}

/** Decimals of an ISO 4217 currency. Raises VALIDATION_ERROR for an unknown code. */
export function currencyExponent(code: string): number {
  const exponent = EXPONENTS.get(code);
  if (exponent === undefined) {
    throw new DomainError("VALIDATION_ERROR", "currency: must be an ISO 4217 code, upper case.", {
      fields: { currency: "must be an ISO 4217 code, upper case" },
    });
  }
  return exponent;
}

export function money(amountMinor: bigint, currency: string): Money {
  currencyExponent(currency);
  return { amountMinor, currency };
}

export function sameMoney(a: Money, b: Money): boolean {
  return a.amountMinor === b.amountMinor && a.currency === b.currency;
}

/** Plain decimal text: `10000` BDT → `100.00`, `500` JPY → `500`. No grouping, no sign of the currency. */
export function formatDecimal({ amountMinor, currency }: Money): string {
  const exponent = currencyExponent(currency);
  const negative = amountMinor < 0n;
  const digits = String(negative ? -amountMinor : amountMinor).padStart(exponent + 1, "0");
  const whole = digits.slice(0, digits.length - exponent);
  const text = exponent === 0 ? whole : `${whole}.${digits.slice(-exponent)}`;
  return negative ? `-${text}` : text;
}
