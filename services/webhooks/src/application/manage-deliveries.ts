import { DomainError, notFound } from "@oi/kernel/errors";
import type { Instant } from "@oi/kernel/instant";
import { renderBody } from "../domain/body.ts";
import type { BreakerState } from "../domain/breaker.ts";
import { checkCancel, checkResend } from "../domain/delivery.ts";
import { type PublicEvent, TEST_TYPE } from "../domain/event.ts";
import {
  checkCancelRecovery,
  checkSpan,
  checkTypes,
  type Recovery,
  type RecoveryScope,
} from "../domain/recovery.ts";
import type { ChangeDesk, Once } from "./admin-ports.ts";
import { endpointOf } from "./manage-endpoint.ts";
import type { NextEventId } from "./ports.ts";

export type RecoveryRequest = {
  readonly endpointId: number;
  readonly scope: Extract<RecoveryScope, "FAILED" | "MISSING" | "ALL">;
  readonly since: Instant;
  /** Null: until now. */
  readonly until: Instant | null;
  readonly eventTypes: readonly string[];
};

export type ManageDeliveries = {
  resend(once: Once, id: number): Promise<BreakerState>;
  cancel(once: Once, id: number): Promise<void>;
  recover(once: Once, asked: RecoveryRequest): Promise<Recovery>;
  cancelRecovery(once: Once, id: number): Promise<Recovery>;
  /** Returns the id of the delivery. */
  sendTest(once: Once, endpointId: number): Promise<number>;
};

function testEvent(once: Once, id: string, now: Instant): PublicEvent {
  return {
    id,
    subject: TEST_TYPE,
    type: TEST_TYPE,
    ...once.scope,
    aggregate: `test_${id}`,
    sequence: 1,
    occurredAt: now,
    data: { object: "test" },
  };
}

/** Deliveries by hand. Each method may raise what its RPC documents; `onDue` is called when something became due. */
export function manageDeliveries({
  desk,
  nextEventId,
  onDue,
}: {
  readonly desk: ChangeDesk;
  readonly nextEventId: NextEventId;
  readonly onDue: () => void;
}): ManageDeliveries {
  const due = <T>(value: T): T => {
    onDue();
    return value;
  };
  return {
    resend: async (once, id) => {
      const { value } = await desk.once(once, async (at) => {
        const found = await at.delivery(id);
        if (!found) throw notFound("Delivery");
        checkResend(found.state, found.endpoint.state);
        await at.requeue(id);
        return found.endpoint.breaker;
      });
      return due(value);
    },
    cancel: async (once, id) => {
      await desk.once(once, async (at) => {
        const found = await at.delivery(id);
        if (!found) throw notFound("Delivery");
        checkCancel(found.state);
        await at.cancel(id);
        return null;
      });
    },
    recover: async (once, { endpointId, scope, since, until: asked, eventTypes }) => {
      const { value } = await desk.once(once, async (at) => {
        const until = asked ?? at.now;
        checkSpan(since, until, at.now);
        checkTypes(eventTypes);
        const endpoint = await endpointOf(at, endpointId);
        if (endpoint.state === "DISABLED" || endpoint.url === null)
          throw new DomainError("INVALID_OPERATION_STATE", "The endpoint is disabled or has no URL.");
        return at.startRecovery({ endpointId, scope, since, until, eventTypes });
      });
      return due(value);
    },
    cancelRecovery: async (once, id) => {
      const { value } = await desk.once(once, async (at) => {
        const found = await at.recovery(id);
        if (!found) throw notFound("Recovery");
        checkCancelRecovery(found);
        return at.cancelRecovery(id);
      });
      return value;
    },
    sendTest: async (once, endpointId) => {
      const { value } = await desk.once(once, async (at) => {
        const endpoint = await endpointOf(at, endpointId);
        if (endpoint.state !== "ENABLED" || endpoint.url === null)
          throw new DomainError("INVALID_OPERATION_STATE", "The endpoint is not enabled or has no URL.");
        const event = testEvent(once, nextEventId(at.now), at.now);
        return at.addTest(event, renderBody(event), endpoint);
      });
      return due(value);
    },
  };
}
