import type { Instant } from "@oi/kernel/instant";
import type { Attempt } from "../domain/attempt.ts";
import type { Claim, PaidEvidence } from "../domain/gateway.ts";
import { DEFAULT_SCHEDULE } from "../domain/inquiry-schedule.ts";
import type { JudgeRules } from "../domain/judgement.ts";
import { type NewPayment, newPayment, type OpenPayment } from "../domain/payment.ts";

/** Values for tests: complete and plain, so that a test names only what it is about. */

let counter = 0;
/** Different in every call and every run, because integration tests share tables. */
export function uniqueNumber(): number {
  counter += 1;
  return counter;
}

export const sampleRules: JudgeRules = {
  draw: 0,
  schedule: DEFAULT_SCHEDULE,
  recheckMs: 15_000,
  openGraceMs: 15 * 60_000,
  doubtMs: 30_000,
};

export function sampleWish(part: Partial<NewPayment> = {}): NewPayment {
  return {
    scope: { applicationId: 1, mode: "TEST" },
    amount: { amountMinor: 123_456n, currency: "BDT" },
    customer: {
      reference: "cust-1",
      email: "rahima@example.com",
      phone: "+8801712345678",
      name: "রহিমা বেগম",
    },
    productName: 'Tea, "green" \\ 100 g',
    redirectUrl: "https://shop.example/thanks?a=1&b={x}",
    expiresInSeconds: null,
    ...part,
  };
}

export const sampleRefundReference = (): string => sampleReference().replace("pay_", "rf_");

/** `pay_` and 22 base58 characters that count up. */
export function sampleReference(): string {
  const digits = String(uniqueNumber()).replaceAll("0", "z");
  return `pay_${digits.padStart(22, "A")}`;
}

export function samplePayment(now: Instant, part: Partial<OpenPayment> = {}): OpenPayment {
  return { ...newPayment(sampleWish(), { id: 1, reference: sampleReference() }, now), ...part };
}

export function sampleAttempt(payment: OpenPayment, now: Instant, part: Partial<Attempt> = {}): Attempt {
  const no = part.no ?? 1;
  return {
    id: 0,
    no,
    account: "memory-test",
    merchantRef: `${payment.reference}-${no}`,
    state: "OPEN",
    sessionKey: "session",
    redirectUrl: "https://gateway.test/pay",
    reason: null,
    hint: null,
    failedAt: null,
    doubt: null,
    nextInquiryAt: now,
    paidAt: null,
    createdAt: now,
    ...part,
  };
}

export function sampleEvidence(
  payment: OpenPayment,
  merchantRef: string,
  part: Partial<PaidEvidence> = {},
): PaidEvidence {
  return {
    merchantRef,
    gatewayRef: `val_${merchantRef}`,
    gatewayTxnId: `bank_${merchantRef}`,
    validated: true,
    accountRef: "memory-store",
    charged: payment.amount,
    gross: payment.amount,
    settled: { ...payment.amount, amountMinor: payment.amount.amountMinor - 7n },
    risk: { level: 0, title: "Safe" },
    method: { channel: "VISA", brand: "VISA", issuer: 'Bank "X"', country: "BD", last4: "1111" },
    gatewayTime: "2026-01-01 06:00:00",
    ...part,
  };
}

export function sampleClaim(part: Partial<Claim> = {}): Claim {
  return {
    merchantRef: null,
    gatewayRef: null,
    accountRef: null,
    money: null,
    says: "paid",
    signature: "valid",
    note: null,
    ...part,
  };
}
