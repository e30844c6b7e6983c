import { create } from "@bufbuild/protobuf";
import {
  type Application as ApplicationMessage,
  ApplicationSchema,
  LatePaymentPolicy as Policy,
} from "@oi/proto/payments/v1/application";
import { toTimestamp } from "@oi/proto/public/time";
import type { Application, LatePaymentPolicy } from "../../domain/application.ts";

export function policyFrom(message: Policy): LatePaymentPolicy {
  return message === Policy.HOLD ? "HOLD" : "REFUND";
}

export function policyMessage(policy: LatePaymentPolicy): Policy {
  return policy === "HOLD" ? Policy.HOLD : Policy.REFUND;
}

/** Shared by the RPC answers and the event, which carry the same message. */
export function applicationMessage(application: Application): ApplicationMessage {
  const { webhookUrl, refundApprovalThresholdMinor, minAmountMinor, maxAmountMinor } = application;
  return create(ApplicationSchema, {
    id: BigInt(application.id),
    name: application.name,
    receiptsEnabled: application.receiptsEnabled,
    latePaymentPolicy: policyMessage(application.latePaymentPolicy),
    version: BigInt(application.version),
    createdAt: toTimestamp(application.createdAt),
    updatedAt: toTimestamp(application.updatedAt),
    ...(webhookUrl === null ? {} : { webhookUrl }),
    ...(refundApprovalThresholdMinor === null ? {} : { refundApprovalThresholdMinor }),
    ...(minAmountMinor === null ? {} : { minAmountMinor }),
    ...(maxAmountMinor === null ? {} : { maxAmountMinor }),
  });
}
