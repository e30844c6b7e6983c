import { beforeEach, describe, expect, it } from "vitest";
import type { Incident } from "../domain/incident.ts";
import type { Notice } from "../domain/notice.ts";
import {
  DELIVERED,
  deliver,
  failed,
  nextEventId,
  register,
  result,
  type Stores,
  WIDE,
} from "../testing/stores.ts";
import type { Claim } from "./ports.ts";

const HOUR = 3_600_000;
const many = (n: number): object[] => Array.from({ length: n }, () => ({}));

/** What a DeliveryQueue makes of endpoints that fail; the postgres and the memory one both run it. */
export function endpointHealthContract(open: () => Promise<Stores>): void {
  describe("DeliveryQueue and an endpoint that fails", () => {
    let stores: Stores;
    beforeEach(async () => {
      stores = await open();
    });
    const claimOne = async (): Promise<Claim> => {
      const [claim] = await stores.queue.claim(WIDE);
      if (!claim) throw new Error("nothing is due");
      return claim;
    };

    it("holds an endpoint back after five failures in a row, and probes it with the oldest delivery", async () => {
      const endpoint = await register(stores);
      const [oldest = 0] = await deliver(stores, endpoint);
      await deliver(stores, endpoint, ...many(9));
      for (let i = 0; i < 5; i++) {
        const claims = await stores.queue.claim({ ...WIDE, slots: 1 });
        await stores.queue.record(claims.map((claim) => result(claim, endpoint, failed(0))));
      }
      expect(await stores.endpointLog.byId(endpoint.id, endpoint)).toMatchObject({ breaker: "OPEN" });
      expect(await stores.queue.claim(WIDE)).toEqual([]);
      await stores.pass(31_000);
      const probe = await stores.queue.claim(WIDE);
      expect(probe).toHaveLength(1);
      expect(await stores.endpointLog.byId(endpoint.id, endpoint)).toMatchObject({ breaker: "HALF_OPEN" });
      expect(await stores.queue.claim(WIDE)).toEqual([]);
      await stores.queue.record(probe.map((claim) => result(claim, endpoint, failed(HOUR))));
      await stores.pass(31_000);
      expect(await stores.queue.claim(WIDE)).toEqual([]);
      await stores.pass(31_000);
      const second = await stores.queue.claim(WIDE);
      await stores.queue.record(second.map((claim) => result(claim, endpoint, DELIVERED)));
      const closed = { breaker: "CLOSED", openUntil: null, cap: 4 };
      expect(await stores.endpointLog.byId(endpoint.id, endpoint)).toMatchObject(closed);
      expect(await stores.queue.claim(WIDE)).toHaveLength(4);
      expect(oldest).toBeGreaterThan(0);
    });

    it("lets a lost probe go, so that another may try", async () => {
      const endpoint = await register(stores);
      await deliver(stores, endpoint, ...many(6));
      for (let i = 0; i < 5; i++) {
        const claims = await stores.queue.claim({ ...WIDE, slots: 1 });
        await stores.queue.record(claims.map((claim) => result(claim, endpoint, failed(0))));
      }
      await stores.pass(31_000);
      expect(await stores.queue.claim(WIDE)).toHaveLength(1);
      await stores.pass(46_000);
      const unknown = { outcome: "UNKNOWN", verdict: { kind: "RETRY", delayMs: 0, isFree: false } } as const;
      const lost = await stores.queue.lost(10);
      await stores.queue.record(lost.map((lease) => result(lease, endpoint, unknown)));
      expect(await stores.queue.claim(WIDE)).toHaveLength(1);
    });

    it("tells of an endpoint that fails for long, and disables it, unless it has succeeded meanwhile", async () => {
      const endpoint = await register(stores);
      const [id = 0] = await deliver(stores, endpoint);
      const first = await claimOne();
      await stores.queue.record([result(first, endpoint, failed(0))]);
      const since = (await stores.endpointLog.byId(endpoint.id, endpoint))?.firstFailAt ?? 0;
      const report = async (incident: Incident): Promise<void> => {
        const { applicationId, mode } = endpoint;
        const told = { id: nextEventId(), endpointId: endpoint.id, applicationId, mode, occurredAt: since };
        const notice: Notice =
          incident.kind === "WARN"
            ? { ...told, kind: "ENDPOINT_FAILING", failingSince: since, hours: incident.hours, lastError: "" }
            : { ...told, kind: "ENDPOINT_DISABLED", reason: incident.reason };
        const claim = await claimOne();
        await stores.queue.record([
          { ...result(claim, endpoint, failed(0)), incident: { incident, notice } },
        ]);
      };
      await report({ kind: "WARN", level: 1, hours: 24, since });
      await report({ kind: "WARN", level: 1, hours: 24, since });
      await report({ kind: "DISABLE", reason: "NO_SUCCESS_120H", since: since - 1 });
      expect(await stores.warnings()).toEqual(["ENDPOINT_FAILING 24"]);
      await stores.pass(31_000);
      await report({ kind: "DISABLE", reason: "GONE_410", since: null });
      expect(await stores.warnings()).toEqual(["ENDPOINT_FAILING 24", "ENDPOINT_DISABLED GONE_410"]);
      const disabled = { state: "DISABLED", disabledReason: "GONE_410" };
      expect(await stores.endpointLog.byId(endpoint.id, endpoint)).toMatchObject(disabled);
      expect(await stores.log.byId(id, endpoint)).toMatchObject({ status: "SUSPENDED" });
      expect(await stores.queue.claim(WIDE)).toEqual([]);
    });
  });
}
