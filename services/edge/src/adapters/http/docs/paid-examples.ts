import { amountInWords } from "@oi/kernel/amount-in-words";
import { pagination, successEnvelope } from "../../../domain/envelope.ts";
import { TIMELINE_LIMIT } from "../../../domain/timeline.ts";
import { PAID, STAMP } from "./examples.ts";

export const NEW_REFUND = { amountMinor: 25_050, reason: "One item was missing" };

const CREATED = {
  id: 7,
  paymentId: PAID.id,
  mode: "TEST",
  ...NEW_REFUND,
  currency: "BDT",
  status: "PENDING",
  gatewayRefundId: null,
  createdBy: "app:42",
  approvedBy: null,
  failureReason: null,
  createdAt: "2026-06-04T12:00:00.000Z",
  updatedAt: "2026-06-04T12:00:00.000Z",
};

const REFUNDED = {
  ...CREATED,
  status: "SUCCEEDED",
  gatewayRefundId: "6a21f2bd1f8c1",
  updatedAt: "2026-06-04T12:02:10.500Z",
};

const RECEIPT = {
  receiptNumber: 1,
  issuedAt: "2026-06-04T12:05:00.000Z",
  application: { name: "Storefront" },
  payment: {
    reference: PAID.reference,
    amountMinor: 125_050,
    amountDisplay: "৳1,250.50",
    currency: "BDT",
    paidAt: PAID.paidAt,
    method: {
      channel: "VISA-Dutch Bangla",
      brand: "VISA",
      issuer: "TRUST BANK",
      country: "Bangladesh",
      last4: "1111",
    },
    gatewayTxnId: PAID.gatewayTxnId,
    productName: "Pro plan",
  },
  customer: { name: null, email: null, phone: "+8801712345678", reference: "cust_123" },
  refunds: [
    {
      id: 7,
      amountMinor: 25_050,
      amountDisplay: "৳250.50",
      status: "SUCCEEDED",
      createdAt: "2026-06-04T12:00:00.000Z",
    },
  ],
  netMinor: 100_000,
  netDisplay: "৳1,000.00",
  amountInWords: amountInWords(125_050n),
  mode: "TEST",
  verificationUrl: `http://localhost:8080/checkout/${PAID.reference}/receipt`,
};

const TIMELINE = [
  {
    id: "state:100:1",
    at: "2026-06-04T10:00:00.000Z",
    kind: "state",
    title: { en: "Payment created", bn: "পেমেন্ট তৈরি হয়েছে" },
    actor: "app:42",
    status: "CREATED",
    version: 1,
    refs: { paymentId: "100" },
    detail: { from: null, to: "CREATED", reason: "api", version: 1 },
  },
  {
    id: "ledger:1",
    at: "2026-06-04T10:01:33.400Z",
    kind: "ledger",
    title: { en: "Ledger: payment posted", bn: "লেজার: পেমেন্ট জমা" },
    actor: "payments",
    refs: { transactionId: "1", eventId: "evt_0197390d7d0a7c4e8f10a2b3c4d5e6f7" },
    detail: {
      transactionId: 1,
      type: "CAPTURE",
      lines: [
        {
          account: "Assets:Gateway:Sslcommerz:Receivable",
          currency: "BDT",
          debitMinor: 125_050,
          creditMinor: 0,
        },
        { account: "Liabilities:Merchant:Payable", currency: "BDT", debitMinor: 0, creditMinor: 125_050 },
      ],
      sumMinor: 0,
    },
  },
  {
    id: "unavailable:webhooks",
    at: "2026-06-04T12:06:00.000Z",
    kind: "unavailable",
    title: { en: "The webhooks did not answer", bn: "ওয়েবহুক সাড়া দেয়নি" },
    actor: "system",
    refs: {},
    detail: { source: "webhooks" },
  },
];

/** The same rendering as the true answers. */
export const PAID_ANSWERS = {
  refundCreated: successEnvelope(CREATED, STAMP),
  refunded: successEnvelope(REFUNDED, STAMP),
  refunds: successEnvelope([REFUNDED], STAMP, pagination(0, 20, 1)),
  receipt: successEnvelope(RECEIPT, STAMP),
  timeline: successEnvelope(TIMELINE, STAMP, pagination(0, TIMELINE_LIMIT, TIMELINE.length)),
};
