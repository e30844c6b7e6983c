import { ageLimitMs } from "../domain/schedule.ts";
import { closeAttempt, type Rules, UNSENT } from "./attempt-delivery.ts";
import type { AttemptResult, DeliveryQueue, LostLease } from "./ports.ts";

const LOST_LIMIT = 200;
const REPAIR_LIMIT = 5_000;

export type ReapDeliveries = () => Promise<"more" | "idle">;

function lostResult(lease: LostLease, rules: Rules): AttemptResult {
  return {
    ...UNSENT,
    claim: lease,
    endpointId: lease.endpointId,
    ...closeAttempt(
      lease,
      { finding: { outcome: "UNKNOWN", error: "LEASE_LOST" }, retryAfterMs: null, now: lease.now },
      rules,
    ),
  };
}

/**
 * Takes back what a dead worker held, parks what is too old, and brings rows in line with their endpoints. A lost lease
 * costs a try, because its bytes may have been sent. Fencing by token makes a race with the late worker harmless.
 */
export function createReapDeliveries({
  queue,
  rules,
}: {
  readonly queue: DeliveryQueue;
  readonly rules: Rules;
}): ReapDeliveries {
  return async () => {
    const lost = await queue.lost(LOST_LIMIT);
    if (lost.length > 0) await queue.record(lost.map((lease) => lostResult(lease, rules)));
    const overdue = await queue.overdue(ageLimitMs(rules.timeScale), LOST_LIMIT);
    if (overdue.length > 0) {
      await queue.park(
        overdue.map(({ now, ...delivery }) => ({
          ...delivery,
          kind: "DELIVERY_PARKED",
          id: rules.nextEventId(now),
          occurredAt: now,
        })),
      );
    }
    const repaired = await queue.repair(REPAIR_LIMIT);
    return lost.length === LOST_LIMIT || overdue.length === LOST_LIMIT || repaired === REPAIR_LIMIT
      ? "more"
      : "idle";
  };
}
