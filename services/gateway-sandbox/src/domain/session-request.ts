import { convertToBdt, formatRate, parseAmount } from "./money.ts";
import type { Order } from "./session.ts";
import type { Fields } from "./signature.ts";

/** Published text for wrong credentials, an unparsable body and an empty one alike. */
export const CREDENTIAL_TEXT = "Store Credential Error Or Store is De-active";
const CALLBACK_TEXT = "Invalid callback URL";

/** The most characters of each field; where a number is meant, the digits. */
const REQUIRED: Readonly<Record<string, number>> = {
  total_amount: 11,
  currency: 3,
  tran_id: 30,
  success_url: 255,
  fail_url: 255,
  cancel_url: 255,
  product_name: 255,
  product_category: 50,
  product_profile: 100,
  cus_name: 50,
  cus_email: 50,
  cus_add1: 50,
  cus_city: 50,
  cus_postcode: 30,
  cus_country: 50,
  cus_phone: 20,
  shipping_method: 50,
  num_of_item: 1,
};

const OPTIONAL: Readonly<Record<string, number>> = {
  ipn_url: 255,
  multi_card_name: 30,
  allowed_bin: 255,
  cus_add2: 50,
  cus_state: 50,
  cus_fax: 20,
  emi_option: 1,
  emi_max_inst_option: 2,
  emi_selected_inst: 2,
  emi_allow_only: 1,
  value_a: 255,
  value_b: 255,
  value_c: 255,
  value_d: 255,
};

const ADDRESS: Readonly<Record<string, number>> = {
  ship_name: 50,
  ship_add1: 50,
  ship_area: 50,
  ship_city: 50,
  ship_sub_city: 50,
  ship_postcode: 50,
  ship_country: 50,
};

/** Fields that a value of `shipping_method` or `product_profile` makes mandatory; a value that is not here is refused. */
const SHIPPING: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  NO: {},
  Courier: {},
  YES: ADDRESS,
  SSLCOMMERZ_LOGISTIC: {
    ...ADDRESS,
    weight_of_items: 11,
    logistic_pickup_id: 50,
    logistic_delivery_type: 50,
  },
};

const PROFILES: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  general: {},
  "physical-goods": {},
  "non-physical-goods": {},
  "airline-tickets": {
    hours_till_departure: 30,
    flight_type: 30,
    pnr: 50,
    journey_from_to: 255,
    third_party_booking: 20,
  },
  "travel-vertical": { hotel_name: 255, length_of_stay: 30, check_in_time: 30, hotel_city: 50 },
  "telecom-vertical": { product_type: 30, topup_number: 150, country_topup: 30 },
};

const DIGITS = ["num_of_item", "emi_option", "emi_max_inst_option", "emi_selected_inst", "emi_allow_only"];
const URLS = ["success_url", "fail_url", "cancel_url", "ipn_url"];
const URL_PATTERN = /^https?:\/\/[^\s/?#@]+(?:[/?#]\S*)?$/;

const MIN_BDT_MINOR = 1_000n;
const MAX_BDT_MINOR = 50_000_000n;

const textOf = (fields: Fields, name: string): string =>
  Object.hasOwn(fields, name) ? (fields[name] ?? "") : "";

const invalid = (name: string, why: string): string => `Invalid Information! '${name}' ${why}.`;

/** Code points, since it is not known whether the gateway counts bytes. */
const isLongerThan = (text: string, limit: number): boolean =>
  text.length > limit && [...text].length > limit;

function checkLengths(
  fields: Fields,
  limits: Readonly<Record<string, number>>,
  mandatory: boolean,
): string | null {
  for (const [name, limit] of Object.entries(limits)) {
    const text = textOf(fields, name);
    if (mandatory && text.trim() === "") return invalid(name, "is missing or empty");
    if (isLongerThan(text, limit)) return invalid(name, `is longer than ${limit} characters`);
  }
  return null;
}

function checkCondition(
  fields: Fields,
  name: string,
  table: Readonly<Record<string, Readonly<Record<string, number>>>>,
): string | null {
  const word = textOf(fields, name);
  const needed = Object.hasOwn(table, word) ? table[word] : undefined;
  return needed === undefined ? invalid(name, "has an unknown value") : checkLengths(fields, needed, true);
}

function checkShapes(fields: Fields): string | null {
  const wrongNumber = DIGITS.find((name) => !/^\d*$/.test(textOf(fields, name)));
  if (wrongNumber !== undefined) return invalid(wrongNumber, "must be a number");
  const isWrongUrl = (url: string): boolean => url !== "" && !URL_PATTERN.test(url);
  return URLS.some((name) => isWrongUrl(textOf(fields, name))) ? CALLBACK_TEXT : null;
}

/** BDT per unit in ten-thousandths, by currency. */
export type Rates = Readonly<Record<string, bigint>>;

function buildOrder(fields: Fields, rates: Rates): Order | string {
  const currency = textOf(fields, "currency");
  const rate = Object.hasOwn(rates, currency) ? rates[currency] : undefined;
  if (rate === undefined) return invalid("currency", "is not supported");
  const currencyAmountMinor = parseAmount(textOf(fields, "total_amount"));
  if (currencyAmountMinor === null) return invalid("total_amount", "must be a decimal(10,2)");
  const amountMinor = convertToBdt(currencyAmountMinor, rate);
  if (amountMinor < MIN_BDT_MINOR || amountMinor > MAX_BDT_MINOR) {
    return invalid("total_amount", "must be from 10.00 to 500000.00 BDT");
  }
  const value = (name: string): string => textOf(fields, name);
  return {
    tranId: value("tran_id"),
    storeId: value("store_id"),
    currency,
    currencyAmountMinor,
    amountMinor,
    rate: formatRate(rate),
    successUrl: value("success_url"),
    failUrl: value("fail_url"),
    cancelUrl: value("cancel_url"),
    ipnUrl: value("ipn_url") || null,
    productName: value("product_name"),
    email: value("cus_email"),
    tranDateSkewMs: 0,
    values: {
      value_a: value("value_a"),
      value_b: value("value_b"),
      value_c: value("value_c"),
      value_d: value("value_d"),
    },
  };
}

/** The order of a session request whose credentials are right, or the text of its refusal. */
export function readOrder(fields: Fields, rates: Rates): Order | string {
  return (
    checkLengths(fields, REQUIRED, true) ??
    checkLengths(fields, OPTIONAL, false) ??
    checkCondition(fields, "product_profile", PROFILES) ??
    checkCondition(fields, "shipping_method", SHIPPING) ??
    checkShapes(fields) ??
    buildOrder(fields, rates)
  );
}
