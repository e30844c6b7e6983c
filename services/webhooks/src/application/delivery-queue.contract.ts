import { beforeEach, describe, expect, it } from "vitest";
import {
  BAD_TARGET,
  DELIVERED,
  deliver,
  failed,
  NO_FILTER,
  nextEventId,
  register,
  result,
  type Stores,
  target,
  WIDE,
} from "../testing/stores.ts";
import type { Claim, LostLease } from "./ports.ts";

const HOUR = 3_600_000;
const many = (n: number): object[] => Array.from({ length: n }, () => ({}));

/** What every DeliveryQueue does; the postgres and the memory one both run it. */
export function deliveryQueueContract(open: () => Promise<Stores>): void {
  describe("DeliveryQueue", () => {
    let stores: Stores;
    beforeEach(async () => {
      stores = await open();
    });
    const ids = (claims: readonly Claim[]): number[] =>
      claims.map((claim) => claim.deliveryId).sort((a, b) => a - b);
    const claimOne = async (): Promise<Claim> => {
      const [claim] = await stores.queue.claim(WIDE);
      if (!claim) throw new Error("nothing is due");
      return claim;
    };

    it("leases what is due, once, and loads what is to be sent", async () => {
      const endpoint = await register(stores);
      const [id = 0] = await deliver(stores, endpoint);
      const claims = await stores.queue.claim(WIDE);
      expect(claims).toMatchObject([{ deliveryId: id, attempt: 1, tries: 1 }]);
      expect(await stores.queue.claim(WIDE)).toEqual([]);
      const [job] = await stores.queue.load(claims);
      expect(job).toMatchObject({ endpointId: endpoint.id, url: endpoint.url, token: claims[0]?.token });
      expect(new TextDecoder().decode(job?.body)).toMatch(/^\{"id":"evt_/);
      expect(job?.secrets).toMatchObject([{ version: 1, kekId: "k1" }]);
      const shown = await stores.log.byId(id, endpoint);
      expect(shown).toMatchObject({ status: "PENDING", attempts: 1 });
      expect(await stores.outcomes(id)).toEqual([null]);
    });

    it("delivers for good on success", async () => {
      const endpoint = await register(stores);
      const [id = 0] = await deliver(stores, endpoint);
      await stores.queue.record([result(await claimOne(), endpoint, DELIVERED)]);
      const shown = await stores.log.byId(id, endpoint);
      expect(shown).toMatchObject({
        status: "DELIVERED",
        lastResponseStatus: 200,
        lastError: null,
        nextAttemptAt: null,
      });
      expect(shown?.deliveredAt).not.toBeNull();
      expect(await stores.outcomes(id)).toEqual(["OK"]);
      await stores.pass(HOUR);
      expect(await stores.queue.claim(WIDE)).toEqual([]);
    });

    it("retries no sooner than the delay says", async () => {
      const endpoint = await register(stores);
      const [id = 0] = await deliver(stores, endpoint);
      await stores.queue.record([result(await claimOne(), endpoint, failed(60_000))]);
      expect(await stores.log.byId(id, endpoint)).toMatchObject({
        status: "PENDING",
        lastError: "HTTP_STATUS",
      });
      await stores.pass(55_000);
      expect(await stores.queue.claim(WIDE)).toEqual([]);
      await stores.pass(10_000);
      expect(await stores.queue.claim(WIDE)).toMatchObject([{ deliveryId: id, attempt: 2, tries: 2 }]);
    });

    it("gives a free try back", async () => {
      const endpoint = await register(stores);
      await deliver(stores, endpoint);
      const free = { outcome: "LOCAL", verdict: { kind: "RETRY", delayMs: 0, isFree: true } } as const;
      await stores.queue.record([result(await claimOne(), endpoint, free)]);
      expect(await claimOne()).toMatchObject({ attempt: 2, tries: 1 });
    });

    it("parks with one notice, and a late success of an older attempt still wins", async () => {
      const endpoint = await register(stores);
      const [id = 0] = await deliver(stores, endpoint);
      const late = await claimOne();
      await stores.pass(46_000);
      const [lost] = await stores.queue.lost(10);
      const unknown = { outcome: "UNKNOWN", verdict: { kind: "RETRY", delayMs: 0, isFree: false } } as const;
      await stores.queue.record([result(lost as LostLease, endpoint, unknown)]);
      const parked = { outcome: "HTTP", verdict: { kind: "PARKED" }, status: 500 } as const;
      await stores.queue.record([result(await claimOne(), endpoint, parked)]);
      expect(await stores.log.byId(id, endpoint)).toMatchObject({ status: "PARKED", attempts: 2 });
      expect(await stores.told()).toEqual([id]);
      await stores.queue.record([result(late, endpoint, DELIVERED)]);
      expect(await stores.log.byId(id, endpoint)).toMatchObject({ status: "DELIVERED" });
      expect(await stores.outcomes(id)).toEqual(["OK", "HTTP"]);
    });

    it("ignores a failure that comes without the current token", async () => {
      const endpoint = await register(stores);
      const [id = 0] = await deliver(stores, endpoint);
      const first = await claimOne();
      await stores.queue.record([result(first, endpoint, failed(0))]);
      const second = await claimOne();
      const parked = { outcome: "HTTP", verdict: { kind: "PARKED" }, status: 500 } as const;
      await stores.queue.record([result(first, endpoint, parked)]);
      expect(await stores.log.byId(id, endpoint)).toMatchObject({ status: "PENDING", attempts: 2 });
      expect(await stores.told()).toEqual([]);
      await stores.queue.record([result(second, endpoint, DELIVERED)]);
      expect(await stores.log.byId(id, endpoint)).toMatchObject({ status: "DELIVERED" });
    });

    it("finds leases that ran out, and only those", async () => {
      const endpoint = await register(stores);
      const [id = 0] = await deliver(stores, endpoint);
      const claim = await claimOne();
      expect(await stores.queue.lost(10)).toEqual([]);
      await stores.pass(46_000);
      expect(await stores.queue.lost(10)).toMatchObject([
        { deliveryId: id, token: claim.token, attempt: 1, tries: 1, endpointId: endpoint.id },
      ]);
    });

    it("serves every endpoint before it serves a flooded one again", async () => {
      const flooded = await register(stores);
      await deliver(stores, flooded, ...many(100));
      const others = await Promise.all(many(5).map(() => register(stores)));
      for (const other of others) await deliver(stores, other);
      const claims = await stores.queue.claim({ ...WIDE, slots: 6 });
      const jobs = await stores.queue.load(claims);
      expect(new Set(jobs.map((job) => job.endpointId)).size).toBe(6);
    });

    it("keeps to the caps of endpoint, host and application", async () => {
      const one = await register(stores);
      await deliver(stores, one, ...many(20));
      expect(await stores.queue.claim(WIDE)).toHaveLength(4);
      expect(await stores.queue.claim(WIDE)).toEqual([]);
      const shared = target("shared.example");
      for (let i = 0; i < 4; i++)
        await deliver(stores, await register(stores, { target: shared }), ...many(4));
      expect(await stores.queue.claim({ ...WIDE, hostCap: 8 })).toHaveLength(8);
      expect(await stores.queue.claim({ ...WIDE, hostCap: 8 })).toEqual([]);
      const app = await register(stores);
      await deliver(stores, app, ...many(4));
      expect(await stores.queue.claim({ ...WIDE, applicationCap: 3, hostCap: 8 })).toHaveLength(3);
    });

    it("gives an application a cap of its own", async () => {
      const [small, large] = [await register(stores), await register(stores)];
      for (const endpoint of [small, large]) await deliver(stores, endpoint, ...many(4));
      const limits = { ...WIDE, applicationCap: 1, applicationCaps: { [large.applicationId]: 3 } };
      expect(await stores.queue.claim(limits)).toHaveLength(4);
      expect(await stores.queue.claim(limits)).toEqual([]);
    });

    it("keeps TEST deliveries to their own share of the slots", async () => {
      const test = await register(stores, { mode: "TEST" });
      await deliver(stores, test, ...many(4));
      expect(await stores.queue.claim({ ...WIDE, testSlots: 2 })).toHaveLength(2);
    });

    it("sends to an endpoint that fails one at a time, until it succeeds", async () => {
      const endpoint = await register(stores);
      await deliver(stores, endpoint, ...many(10));
      const claims = await stores.queue.claim(WIDE);
      await stores.queue.record(claims.map((claim) => result(claim, endpoint, failed(HOUR))));
      const probes = await stores.queue.claim(WIDE);
      expect(probes).toHaveLength(1);
      await stores.queue.record(probes.map((claim) => result(claim, endpoint, DELIVERED)));
      expect(await stores.queue.claim(WIDE)).toHaveLength(4);
    });

    it("starts the events of one payment in the order of their sequence", async () => {
      const endpoint = await register(stores);
      const aggregate = `pay_${nextEventId()}`;
      const [third = 0] = await deliver(stores, endpoint, { aggregate, sequence: 3 });
      const [second = 0] = await deliver(stores, endpoint, { aggregate, sequence: 2 });
      const [alone = 0] = await deliver(stores, endpoint);
      const first = await stores.queue.claim(WIDE);
      expect(ids(first)).toEqual([second, alone]);
      await stores.queue.record(first.map((claim) => result(claim, endpoint, DELIVERED)));
      expect(ids(await stores.queue.claim(WIDE))).toEqual([third]);
    });

    it("parks what has waited past the age limit", async () => {
      const endpoint = await register(stores);
      const [id = 0] = await deliver(stores, endpoint);
      await stores.pass(HOUR);
      expect(await stores.queue.overdue(2 * HOUR, 10)).toEqual([]);
      const [old] = await stores.queue.overdue(HOUR / 2, 10);
      expect(old).toMatchObject({ deliveryId: id, endpointId: endpoint.id });
      if (!old) throw new Error("nothing is overdue");
      const notice = { ...old, kind: "DELIVERY_PARKED", id: nextEventId(), occurredAt: old.now } as const;
      expect(await stores.queue.park([notice])).toBe(1);
      expect(await stores.queue.park([{ ...notice, id: nextEventId() }])).toBe(0);
      expect(await stores.told()).toEqual([id]);
      expect(await stores.log.byId(id, endpoint)).toMatchObject({ status: "PARKED" });
    });

    it("suspends what waits for a disabled endpoint and queues it again when that is enabled", async () => {
      const endpoint = await register(stores);
      const { applicationId } = endpoint;
      const [id = 0] = await deliver(stores, endpoint);
      const point = (version: number, to: typeof BAD_TARGET) =>
        stores.inbox.commitTarget({
          eventId: nextEventId(),
          subject: "s",
          applicationId,
          version,
          target: to,
        });
      await point(2, BAD_TARGET);
      expect(await stores.log.byId(id, endpoint)).toMatchObject({ status: "SUSPENDED", nextAttemptAt: null });
      const filter = { ...NO_FILTER, status: "SUSPENDED" } as const;
      expect(await stores.log.list(endpoint, filter, { limit: 10, after: null })).toHaveLength(1);
      expect(await stores.queue.claim(WIDE)).toEqual([]);
      expect(await stores.queue.repair(100)).toBe(1);
      await point(3, target("better.example"));
      // The pass notices what is owed and starts a job for it; that ends when nothing is left to look at.
      await stores.queue.repair(100);
      while ((await stores.queue.recover({ batch: 100, pendingLimit: 100 })) === "more");
      expect(await stores.queue.repair(100)).toBe(0);
      expect(ids(await stores.queue.claim(WIDE))).toEqual([id]);
    });

    it("lists by every filter and page by page, and shows nothing of others", async () => {
      const endpoint = await register(stores);
      const aggregate = `pay_${nextEventId()}`;
      const created = await deliver(stores, endpoint, {}, { type: "payment.failed" }, { aggregate });
      const newestFirst = [...created].reverse();
      const list = async (filter: Partial<typeof NO_FILTER>, page: { limit: number; after: number | null }) =>
        (await stores.log.list(endpoint, { ...NO_FILTER, ...filter }, page)).map((delivery) => delivery.id);
      const all = { limit: 10, after: null };
      expect(await list({}, all)).toEqual(newestFirst);
      expect(await list({}, { limit: 2, after: newestFirst[0] ?? 0 })).toEqual(newestFirst.slice(1));
      const filters = [
        { type: "payment.failed" },
        { paymentReference: aggregate },
        { endpointId: endpoint.id },
        { endpointId: endpoint.id + 1_000 },
      ] as unknown as readonly Partial<typeof NO_FILTER>[];
      const counts = await Promise.all(filters.map(async (filter) => (await list(filter, all)).length));
      expect(counts).toEqual([1, 1, 3, 0]);
      const foreign = { ...endpoint, mode: "TEST" } as const;
      expect(await stores.log.byId(created[0] ?? 0, foreign)).toBeNull();
    });
  });
}
