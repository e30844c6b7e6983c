import { describeRefundStatus } from "../domain/refund.ts";
import { isStore } from "./check-store.ts";
import type { Clock, Operate, Stores } from "./ports.ts";
import type { World } from "./world.ts";

/** Answers how far a refund is; it can be asked for by the gateway's own reference only. */
export function createInquireRefund(ports: {
  readonly world: World;
  readonly stores: Stores;
  readonly clock: Clock;
}): Operate {
  const { world, stores, clock } = ports;
  return (fields, isBlind = false) => {
    if (!isStore(stores, fields)) return { body: { APIConnect: "FAILED" } };
    const refund = world.refunds.get(fields.refund_ref_id ?? "");
    if (isBlind || refund === undefined || refund.storeId !== fields.store_id) {
      return { body: { APIConnect: "INVALID_REQUEST", errorReason: "Unknown refund_ref_id" } };
    }
    return { body: { ...describeRefundStatus(refund, clock.now()) } };
  };
}
