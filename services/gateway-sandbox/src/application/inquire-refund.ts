import { describeRefundStatus } from "../domain/refund.ts";
import type { Fields } from "../domain/signature.ts";
import { isStore } from "./check-store.ts";
import type { Answer, Clock, Stores } from "./ports.ts";
import type { World } from "./world.ts";

/** Answers how far a refund is; it can be asked for by the gateway's own reference only. */
export function createInquireRefund(ports: {
  readonly world: World;
  readonly stores: Stores;
  readonly clock: Clock;
}): (fields: Fields) => Answer {
  const { world, stores, clock } = ports;
  return (fields) => {
    if (!isStore(stores, fields)) return { body: { APIConnect: "FAILED" } };
    const refund = world.refunds.get(fields.refund_ref_id ?? "");
    if (refund === undefined || refund.storeId !== fields.store_id) {
      return { body: { APIConnect: "INVALID_REQUEST", errorReason: "Unknown refund_ref_id" } };
    }
    return { body: { ...describeRefundStatus(refund, clock.now()) } };
  };
}
