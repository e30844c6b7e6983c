import { beforeEach, describe, expect, it } from "vitest";
import type { Endpoint, Target } from "../domain/endpoint.ts";
import { openApi } from "../testing/memory-api.ts";
import {
  BAD_TARGET,
  DELIVERED,
  deliver,
  failed,
  nextEventId,
  onceAt,
  register,
  result,
  type Stores,
  target,
  WIDE,
} from "../testing/stores.ts";
import type { UseCases } from "./use-cases.ts";

const many = (n: number): object[] => Array.from({ length: n }, () => ({}));

/** What becomes of an endpoint that a person or its application changes; both kinds of stores run it. */
export function endpointChangesContract(open: () => Promise<Stores>): void {
  describe("an endpoint that is changed", () => {
    let stores: Stores;
    let useCases: UseCases;
    let versions = 1;
    beforeEach(async () => {
      stores = await open();
      useCases = openApi(stores).useCases;
    });
    const shown = ({ id, applicationId, mode }: Endpoint) =>
      stores.endpointLog.byId(id, { applicationId, mode });
    const failOften = async (endpoint: Endpoint): Promise<void> => {
      await deliver(stores, endpoint, ...many(6));
      for (let i = 0; i < 5; i++) {
        const claims = await stores.queue.claim({ ...WIDE, slots: 1 });
        await stores.queue.record(claims.map((claim) => result(claim, endpoint, failed(0))));
      }
      expect(await shown(endpoint)).toMatchObject({ breaker: "OPEN", firstFailAt: expect.any(Number) });
    };
    const name = ({ applicationId }: Endpoint, to: Target): Promise<boolean> => {
      versions += 1;
      const change = { eventId: nextEventId(), subject: "s", applicationId, version: versions, target: to };
      return stores.inbox.commitTarget(change);
    };
    const further = async (endpoint: Endpoint, host: string): Promise<Endpoint> => {
      const settings = { url: `https://${host}/hook`, eventTypes: [], schemaVersion: null, description: "" };
      return (await useCases.endpoint.create(onceAt(endpoint), settings)).endpoint;
    };

    it("has its days of failure counted anew when it is enabled, and is still probed with care", async () => {
      const endpoint = await register(stores);
      await failOften(endpoint);
      await useCases.endpoint.disable(onceAt(endpoint), endpoint.id);
      expect(await shown(endpoint)).toMatchObject({ firstFailAt: expect.any(Number) });
      await useCases.endpoint.enable(onceAt(endpoint), endpoint.id, false);
      expect(await shown(endpoint)).toMatchObject({ breaker: "OPEN", firstFailAt: null });
    });

    it("begins anew at another URL: breaker, cap and failures belong to the one before", async () => {
      const endpoint = await register(stores);
      await failOften(endpoint);
      await name(endpoint, target(`moved-${endpoint.id}.example`));
      const fresh = { breaker: "CLOSED", openUntil: null, firstFailAt: null, cap: 4 };
      expect(await shown(endpoint)).toMatchObject(fresh);
      const other = await further(endpoint, `further-${endpoint.id}.example`);
      await useCases.endpoint.pause(onceAt(endpoint), endpoint.id);
      await failOften(other);
      const { version = 0 } = (await shown(other)) ?? {};
      const kept = { eventTypes: null, schemaVersion: null, description: null };
      const asked = { ...kept, id: other.id, expectedVersion: version };
      await useCases.endpoint.update(onceAt(other), { ...asked, url: null, description: "two" });
      expect(await shown(other)).toMatchObject({ breaker: "OPEN", description: "two" });
      const url = `https://again-${other.id}.example/`;
      await useCases.endpoint.update(onceAt(other), { ...asked, expectedVersion: version + 1, url });
      expect(await shown(other)).toMatchObject({ ...fresh, url });
    });

    it("stays disabled by whoever disabled it, whatever URLs its application names", async () => {
      const endpoint = await register(stores);
      await useCases.endpoint.disable(onceAt(endpoint), endpoint.id);
      const byHand = { state: "DISABLED", disabledReason: "OPERATOR" };
      await name(endpoint, BAD_TARGET);
      expect(await shown(endpoint)).toMatchObject({ ...byHand, url: BAD_TARGET.url });
      const enabling = useCases.endpoint.enable(onceAt(endpoint), endpoint.id, false);
      await expect(enabling).rejects.toMatchObject({ reason: "INVALID_OPERATION_STATE" });
      await name(endpoint, target("good.example"));
      expect(await shown(endpoint)).toMatchObject({ ...byHand, url: "https://good.example/hook" });
      await useCases.endpoint.enable(onceAt(endpoint), endpoint.id, false);
      expect(await shown(endpoint)).toMatchObject({ state: "ENABLED" });
    });

    it("is refused the URL that another endpoint of the application has, until that one is gone", async () => {
      const endpoint = await register(stores);
      const host = `taken-${endpoint.id}.example`;
      const other = await further(endpoint, host);
      expect(await name(endpoint, target(host))).toBe(true);
      const refused = { state: "DISABLED", disabledReason: "URL_REFUSED", url: `https://${host}/hook` };
      expect(await shown(endpoint)).toMatchObject(refused);
      const inTest = (await stores.endpoints.defaults(endpoint.applicationId)).find((e) => e.mode === "TEST");
      expect(inTest).toMatchObject({ state: "ENABLED", url: `https://${host}/hook` });
      const again = {
        applicationId: endpoint.applicationId,
        version: versions,
        target: target(host),
        endpoints: [],
      };
      const { version } = (await stores.endpoints.commitDefaults(again)).endpoints[1] ?? endpoint;
      expect(version).toBe((await shown(endpoint))?.version);
      await useCases.endpoint.remove(onceAt(endpoint), other.id);
      await stores.endpoints.commitDefaults(again);
      expect(await shown(endpoint)).toMatchObject({ state: "ENABLED", url: `https://${host}/hook` });
    });

    it("cancels what was suspended when that is asked for, and sends what comes later", async () => {
      const endpoint = await register(stores);
      const [done = 0] = await deliver(stores, endpoint);
      const claims = await stores.queue.claim(WIDE);
      await stores.queue.record(claims.map((claim) => result(claim, endpoint, DELIVERED)));
      const [before = 0] = await deliver(stores, endpoint);
      await useCases.endpoint.disable(onceAt(endpoint), endpoint.id);
      const [meanwhile = 0] = await deliver(stores, endpoint);
      await stores.queue.repair(10);
      const enabled = await useCases.endpoint.enable(onceAt(endpoint), endpoint.id, true);
      const [after = 0] = await deliver(stores, endpoint);
      while ((await stores.queue.recover({ batch: 1, pendingLimit: 0 })) === "more");
      await stores.queue.repair(10);
      const states = [done, before, meanwhile, after].map(
        async (id) => (await stores.log.byId(id, endpoint))?.status,
      );
      expect(await Promise.all(states)).toEqual(["DELIVERED", "CANCELLED", "CANCELLED", "PENDING"]);
      const job = await stores.endpointLog.recovery(enabled.recoveryId, endpoint);
      expect(job).toMatchObject({ scope: "DISCARD", state: "DONE", requeued: 2 });
    });
  });
}
