import { beforeEach, describe, expect, it } from "vitest";
import type { Endpoint } from "../domain/endpoint.ts";
import { openApi } from "../testing/memory-api.ts";
import {
  DELIVERED,
  deliver,
  failed,
  NO_FILTER,
  onceAt,
  register,
  result,
  type Stores,
  WIDE,
} from "../testing/stores.ts";
import type { RecoveryRequest } from "./manage-deliveries.ts";
import type { UseCases } from "./use-cases.ts";

const HOUR = 3_600_000;
const PARKED = { outcome: "HTTP", verdict: { kind: "PARKED" }, status: 500 } as const;

/** What is sent again on request, and what never is; both kinds of stores run it. */
export function recoveryContract(open: () => Promise<Stores>): void {
  describe("what is sent again", () => {
    let stores: Stores;
    let endpoint: Endpoint;
    let useCases: UseCases;
    beforeEach(async () => {
      stores = await open();
      endpoint = await register(stores);
      useCases = openApi(stores).useCases;
    });
    const settle = async (...outcomes: readonly Parameters<typeof result>[2][]): Promise<void> => {
      const claims = await stores.queue.claim(WIDE);
      expect(claims).toHaveLength(outcomes.length);
      const sorted = claims.toSorted((a, b) => a.deliveryId - b.deliveryId);
      await stores.queue.record(
        sorted.map((claim, i) => result(claim, endpoint, outcomes[i] ?? failed(HOUR))),
      );
    };
    const recover = async (change: Partial<RecoveryRequest>): Promise<number> => {
      const { createdAt = 0 } =
        (await stores.log.list(endpoint, NO_FILTER, { limit: 1, after: null }))[0] ?? {};
      const span = { since: createdAt - HOUR, until: createdAt + HOUR };
      const asked = { endpointId: endpoint.id, scope: "FAILED", eventTypes: [], ...span } as const;
      const job = await useCases.deliveries.recover(onceAt(endpoint), { ...asked, ...change });
      while ((await stores.queue.recover({ batch: 2, pendingLimit: 1_000 })) === "more");
      return (await stores.endpointLog.recovery(job.id, endpoint))?.requeued ?? -1;
    };
    const statuses = (...ids: readonly number[]) =>
      Promise.all(ids.map(async (id) => (await stores.log.byId(id, endpoint))?.status));

    it("is what failed, or also what was delivered; never what waits or was cancelled", async () => {
      const ids = await deliver(stores, endpoint, {}, {}, {}, { type: "payment.failed" });
      await settle(DELIVERED, PARKED, failed(HOUR), DELIVERED);
      const [gone = 0] = await deliver(stores, endpoint);
      await useCases.deliveries.cancel(onceAt(endpoint), gone);
      expect(await recover({})).toBe(1);
      expect(await statuses(...ids, gone)).toEqual([
        "DELIVERED",
        "PENDING",
        "PENDING",
        "DELIVERED",
        "CANCELLED",
      ]);
      expect(await recover({ scope: "ALL", eventTypes: ["payment.failed"] })).toBe(1);
      expect(await recover({ scope: "ALL" })).toBe(1);
      expect(await statuses(...ids, gone)).toEqual(["PENDING", "PENDING", "PENDING", "PENDING", "CANCELLED"]);
    });

    it("is no test: one that is sent again by hand stays a single try", async () => {
      const id = await useCases.deliveries.sendTest(onceAt(endpoint), endpoint.id);
      await settle(PARKED);
      expect(await recover({})).toBe(0);
      expect(await recover({ scope: "ALL" })).toBe(0);
      expect(await statuses(id)).toEqual(["PARKED"]);
      await useCases.deliveries.resend(onceAt(endpoint), id);
      const claims = await stores.queue.claim(WIDE);
      const jobs = await stores.queue.load(claims);
      expect(jobs).toMatchObject([{ deliveryId: id, kind: "TEST" }]);
    });

    it("is nothing at an endpoint that takes nothing, and waits for the probe while a breaker is open", async () => {
      const ids = await deliver(stores, endpoint, {}, {}, {}, {}, {}, {});
      for (let i = 0; i < 5; i++) {
        const claims = await stores.queue.claim({ ...WIDE, slots: 1 });
        await stores.queue.record(claims.map((claim) => result(claim, endpoint, failed(HOUR))));
      }
      const oldest = ids[0] ?? 0;
      expect(await useCases.deliveries.resend(onceAt(endpoint), ids[1] ?? 0)).toBe("OPEN");
      expect(await stores.queue.claim(WIDE)).toEqual([]);
      await stores.pass(31_000);
      expect(await stores.queue.claim(WIDE)).toHaveLength(1);
      await useCases.endpoint.disable(onceAt(endpoint), endpoint.id);
      const resending = useCases.deliveries.resend(onceAt(endpoint), oldest);
      await expect(resending).rejects.toMatchObject({ reason: "INVALID_OPERATION_STATE" });
      await expect(recover({})).rejects.toMatchObject({ reason: "INVALID_OPERATION_STATE" });
    });

    it("is chosen by types that exist", async () => {
      await deliver(stores, endpoint);
      await settle(PARKED);
      const asked = recover({ eventTypes: ["payment.*", "paymnt.*"] });
      await expect(asked).rejects.toMatchObject({ fields: { eventTypes: "no event has the type paymnt.*" } });
      expect(await recover({ eventTypes: ["payment.*"] })).toBe(1);
    });

    it("is taken over by the enabling of an endpoint that was disabled meanwhile", async () => {
      await deliver(stores, endpoint);
      const jobs: number[] = [];
      for (const discard of [true, false]) {
        await useCases.endpoint.disable(onceAt(endpoint), endpoint.id);
        await stores.queue.repair(10);
        jobs.push((await useCases.endpoint.enable(onceAt(endpoint), endpoint.id, discard)).recoveryId);
        const again = useCases.endpoint.enable(onceAt(endpoint), endpoint.id, discard);
        await expect(again).rejects.toMatchObject({ reason: "INVALID_OPERATION_STATE" });
      }
      while ((await stores.queue.recover({ batch: 2, pendingLimit: 1_000 })) === "more");
      const ended = jobs.map((id) => stores.endpointLog.recovery(id, endpoint));
      expect((await Promise.all(ended)).map((job) => [job?.scope, job?.state, job?.requeued])).toEqual([
        ["DISCARD", "CANCELLED", 0],
        ["SUSPENDED", "DONE", 1],
      ]);
    });

    it("after enabling is not to be called off, or what was suspended would wait for ever", async () => {
      await deliver(stores, endpoint);
      for (const discard of [false, true]) {
        await useCases.endpoint.disable(onceAt(endpoint), endpoint.id);
        await stores.queue.repair(10);
        const { recoveryId } = await useCases.endpoint.enable(onceAt(endpoint), endpoint.id, discard);
        const ending = useCases.deliveries.cancelRecovery(onceAt(endpoint), recoveryId);
        await expect(ending).rejects.toMatchObject({ reason: "INVALID_OPERATION_STATE" });
        while ((await stores.queue.recover({ batch: 2, pendingLimit: 1_000 })) === "more");
      }
    });
  });
}
