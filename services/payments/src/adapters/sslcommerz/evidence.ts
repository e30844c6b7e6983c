import type { Money } from "@oi/kernel/money";
import type { PaidEvidence, PaymentMethod } from "../../domain/gateway.ts";
import { type Fields, readClean, readField, readReference, readWord } from "./fields.ts";
import { parseMoney } from "./money-text.ts";

/** SSLCOMMERZ settles in taka and converts a foreign currency when the session is created. */
const SETTLEMENT_CURRENCY = "BDT";

/**
 * The charge in the currency we asked for: `amount` and `currency` for taka, `currency_amount` and `currency_type`
 * for anything else. Null when a part is missing or malformed.
 */
export function readCharged(fields: Fields): Money | null {
  const asked = readWord(fields, "currency_type");
  const settled = readWord(fields, "currency");
  const isForeign = asked !== "" && asked !== SETTLEMENT_CURRENCY;
  return isForeign
    ? parseMoney(readField(fields, "currency_amount"), asked)
    : parseMoney(readField(fields, "amount"), settled);
}

/** Of a card number only the last four digits are ever kept; wallets have none. */
function readMethod(fields: Fields): PaymentMethod {
  const country = readClean(fields, "card_issuer_country_code", 2);
  return {
    channel: readClean(fields, "card_type", 50),
    brand: readClean(fields, "card_brand", 30),
    issuer: readClean(fields, "card_issuer", 100),
    country: country === "" ? readClean(fields, "card_issuer_country", 50) : country,
    last4: /[0-9]{4}$/.exec(readField(fields, "card_no").trim())?.[0] ?? null,
  };
}

/**
 * A charge as a validation or a query element describes it; null when a decisive part is missing or malformed. An
 * unheard-of risk level counts as risky: holding a delivery is cheaper than losing it.
 */
export function readEvidence(fields: Fields, validated: boolean): PaidEvidence | null {
  const merchantRef = readReference(fields, "tran_id");
  const gatewayRef = readReference(fields, "val_id");
  const gatewayTxnId = readReference(fields, "bank_tran_id");
  const charged = readCharged(fields);
  const gross = parseMoney(readField(fields, "amount"), readWord(fields, "currency"));
  if (merchantRef === null || gatewayRef === null || gatewayTxnId === null) return null;
  if (charged === null || gross === null) return null;
  const isSafe = ["", "0"].includes(readField(fields, "risk_level").trim());
  return {
    merchantRef,
    gatewayRef,
    gatewayTxnId,
    validated,
    accountRef: readReference(fields, "store_id"),
    charged,
    gross,
    settled: parseMoney(readField(fields, "store_amount"), readWord(fields, "currency")),
    risk: { level: isSafe ? 0 : 1, title: readClean(fields, "risk_title", 50) },
    method: readMethod(fields),
    gatewayTime: readClean(fields, "tran_date", 30),
  };
}
