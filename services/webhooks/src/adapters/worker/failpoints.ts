import { failpoint } from "@oi/platform/service/failpoint";
import type { DeliveryQueue, EventInbox } from "../../application/ports.ts";

/** The places of the fan-out where a test may end the process. */
export function withFanoutFailpoints(inbox: EventInbox): EventInbox {
  return {
    ...inbox,
    commitFanout: async (fanouts) => {
      await failpoint("fanout.before_commit");
      const result = await inbox.commitFanout(fanouts);
      await failpoint("fanout.committed_no_ack");
      return result;
    },
  };
}

/** Those of the engine. `dispatch.bytes_sent` is inside the sender. */
export function withQueueFailpoints(queue: DeliveryQueue): DeliveryQueue {
  return {
    ...queue,
    claim: async (limits) => {
      const claims = await queue.claim(limits);
      if (claims.length > 0) await failpoint("dispatch.claimed");
      return claims;
    },
    load: async (claims) => {
      const jobs = await queue.load(claims);
      await failpoint("secret.rotated_mid_load");
      return jobs;
    },
    record: async (results) => {
      if (results.some(({ finding }) => finding.outcome === "OK"))
        await failpoint("dispatch.ok_not_recorded");
      await queue.record(results);
      if (results.some(({ finding }) => finding.outcome !== "OK"))
        await failpoint("dispatch.failure_recorded");
    },
    recover: async (limits) => {
      const next = await queue.recover(limits);
      if (next === "more") await failpoint("recovery.mid_batch");
      return next;
    },
  };
}
