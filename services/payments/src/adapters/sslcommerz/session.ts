import { foldDigits } from "@oi/kernel/digits";
import type { SessionOrder, SessionOutcome } from "../../domain/gateway.ts";
import { type Account, CAPABILITIES } from "./account.ts";
import { type Answer, unknown } from "./answer.ts";
import { cleanText, readClean, readField, readWord } from "./fields.ts";
import { formatAmount } from "./money-text.ts";

const MAX_URL_LENGTH = 255;

/** Why no session can be asked for; null when it can. Longer references come back truncated and match nothing. */
export function orderProblem({
  amount,
  merchantRef,
  returnUrls,
  notificationUrl,
}: SessionOrder): string | null {
  const limits = Object.hasOwn(CAPABILITIES.currencies, amount.currency)
    ? CAPABILITIES.currencies[amount.currency]
    : undefined;
  if (limits === undefined || formatAmount(amount) === null)
    return `Currency or amount not taken: ${amount.currency}`;
  if (amount.amountMinor < limits.minMinor || amount.amountMinor > limits.maxMinor)
    return "Amount out of limits";
  if (!/^[A-Za-z0-9_-]{1,30}$/.test(merchantRef)) return "Merchant reference is malformed";
  const urls = [returnUrls.success, returnUrls.fail, returnUrls.cancel, notificationUrl];
  return urls.some((url) => url.length > MAX_URL_LENGTH) ? "Return URL is too long" : null;
}

/** A cut e-mail address may belong to somebody else, so a long one is replaced. */
function emailOf(email: string | null, fallback: string): string {
  const clean = cleanText(email ?? "", 320);
  return clean.includes("@") && clean.length <= 50 ? clean : fallback;
}

const orElse = (text: string, fallback: string): string => (text === "" ? fallback : text);

/** The form of a new session (https://developer.sslcommerz.com/doc/v4/), without the credentials. */
export function sessionParams(order: SessionOrder, { fallbackCustomer }: Account): Record<string, string> {
  const { customer, returnUrls } = order;
  return {
    total_amount: formatAmount(order.amount) ?? "",
    currency: order.amount.currency,
    tran_id: order.merchantRef,
    success_url: returnUrls.success,
    fail_url: returnUrls.fail,
    cancel_url: returnUrls.cancel,
    ipn_url: order.notificationUrl,
    product_name: orElse(cleanText(order.productName, 255), "Payment"),
    product_category: "general",
    product_profile: "general",
    cus_name: orElse(cleanText(customer.name ?? "", 50), fallbackCustomer.name),
    cus_email: emailOf(customer.email, fallbackCustomer.email),
    cus_phone: orElse(cleanText(foldDigits(customer.phone ?? ""), 20), fallbackCustomer.phone),
    cus_add1: fallbackCustomer.address,
    cus_city: fallbackCustomer.city,
    cus_country: fallbackCustomer.country,
    cus_postcode: fallbackCustomer.postcode,
    shipping_method: "NO",
    num_of_item: "1",
    value_a: order.paymentReference,
    value_b: String(order.attemptNo),
    value_c: "",
    value_d: "",
  };
}

/** The page is opaque, but the customer is sent to it: scheme and origin must be allowed and it names no user. */
function isAllowedPage(page: string, allowedOrigins: readonly string[]): boolean {
  if (!URL.canParse(page)) return false;
  const url = new URL(page);
  return allowedOrigins.includes(url.origin) && url.username === "" && url.password === "";
}

export function readSession(answer: Answer, { allowedRedirectOrigins }: Account): SessionOutcome {
  if (!answer.answered) return answer.unknown;
  const { fields } = answer;
  const status = readWord(fields, "status");
  if (status === "FAILED") return { outcome: "rejected", reason: readClean(fields, "failedreason", 255) };
  if (status !== "SUCCESS") return unknown(status === "" ? "contradiction" : "unlisted_status");
  const page = readField(fields, "GatewayPageURL").trim();
  if (!isAllowedPage(page, allowedRedirectOrigins)) return unknown("contradiction");
  return { outcome: "opened", sessionKey: readClean(fields, "sessionkey", 50), redirectUrl: page };
}
