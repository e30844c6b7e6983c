import type { JudgeRules } from "../domain/judgement.ts";
import type { RefundSchedule } from "../domain/refund-schedule.ts";
import { authenticate } from "./authenticate.ts";
import { type ConfirmMismatchPorts, confirmMismatch } from "./confirm-mismatch.ts";
import { createPayment } from "./create-payment.ts";
import { type CreateRefundPorts, createRefund } from "./create-refund.ts";
import { type CredentialStore, manageCredentials } from "./credentials.ts";
import { type DecideRefundPorts, decideRefund } from "./decide-refund.ts";
import { getCheckout } from "./get-checkout.ts";
import { getPayment } from "./get-payment.ts";
import { getReceipt, type ReceiptStore } from "./get-receipt.ts";
import { getRefund, listRefunds } from "./get-refund.ts";
import { getTimeline, type TimelineStore } from "./get-timeline.ts";
import { type InquirePorts, inquire } from "./inquire.ts";
import { listPayments } from "./list-payments.ts";
import { listReviews, type ReviewStore } from "./list-reviews.ts";
import { type OpenCheckoutPorts, openCheckout } from "./open-checkout.ts";
import type { ApplicationStore, CredentialVault, Ids, InquiryQueue } from "./ports.ts";
import { sweepAnswers } from "./purge-answers.ts";
import { type PursueRefundPorts, pursueRefund, sweepRefunds } from "./pursue-refund.ts";
import { type RecordCallbackPorts, recordCallback } from "./record-callback.ts";
import type { RefundQueue } from "./refund-ports.ts";
import { registerApplication } from "./register-application.ts";
import { sweepUnmatched } from "./rematch-callbacks.ts";
import { resolveReview } from "./resolve-review.ts";
import { sweepExpired, sweepInquiries } from "./sweep.ts";
import { type TakeCallbackPorts, takeCallback } from "./take-callback.ts";
import { updateSettings } from "./update-settings.ts";

type Rules = {
  readonly rules: Omit<JudgeRules, "draw">;
  readonly refundSchedule: RefundSchedule;
  /** Of answers to idempotency keys. */
  readonly retentionMs: number;
};

export type AllPorts = Omit<InquirePorts, "rules" | "ids"> &
  Omit<OpenCheckoutPorts, "schedule"> &
  Omit<TakeCallbackPorts, "recordCallback" | "inquire"> &
  RecordCallbackPorts &
  Omit<CreateRefundPorts, "ids"> &
  DecideRefundPorts &
  ConfirmMismatchPorts &
  Omit<PursueRefundPorts, "schedule"> & {
    readonly ids: Ids;
    readonly queue: InquiryQueue;
    readonly refundQueue: RefundQueue;
    readonly applications: ApplicationStore;
    readonly receipts: ReceiptStore;
    readonly reviews: ReviewStore;
    readonly timeline: TimelineStore;
    readonly credentials: CredentialStore;
    readonly vault: CredentialVault;
  };

/** Everything that payments can do, over whatever its ports are made of. */
export function useCases(ports: AllPorts, { rules, refundSchedule, retentionMs }: Rules) {
  const ask = inquire({ ...ports, rules });
  const pursue = pursueRefund({ ...ports, schedule: refundSchedule });
  return {
    sweeps: {
      inquiries: sweepInquiries({ ...ports, inquire: ask }),
      refunds: sweepRefunds({ queue: ports.refundQueue, pursue }),
      expiry: sweepExpired(ports),
      unmatched: sweepUnmatched(ports),
      answers: sweepAnswers({ ...ports, retentionMs }),
    },
    createPayment: createPayment(ports),
    getPayment: getPayment(ports),
    listPayments: listPayments(ports),
    getCheckout: getCheckout(ports),
    openCheckout: openCheckout({ ...ports, schedule: rules.schedule }),
    takeCallback: takeCallback({ ...ports, recordCallback: recordCallback(ports), inquire: ask }),
    createRefund: createRefund(ports),
    decideRefund: decideRefund(ports),
    getRefund: getRefund(ports),
    listRefunds: listRefunds(ports),
    listReviews: listReviews(ports),
    resolveReview: resolveReview(ports),
    confirmMismatch: confirmMismatch(ports),
    getReceipt: getReceipt(ports),
    getTimeline: getTimeline(ports),
    registerApplication: registerApplication(ports),
    updateSettings: updateSettings(ports),
    authenticate: authenticate(ports),
    credentialDesk: manageCredentials(ports),
  };
}
