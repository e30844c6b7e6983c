import { describe, expect, it } from "vitest";
import {
  arrived,
  BAD_TARGET,
  deliver,
  NO_FILTER,
  NO_TARGET,
  nextApplication,
  nextEventId,
  register,
  type Stores,
  target,
} from "../testing/stores.ts";
import { createAcceptEvents } from "./accept-events.ts";
import type { PoisonEvent } from "./ports.ts";

const PAGE = { limit: 100, after: null };

function poison(eventId: string): PoisonEvent {
  return {
    eventId,
    subject: "payments.payment.succeeded",
    headers: { "ce-id": eventId },
    payload: "{",
    reason: "UNDECODABLE",
    error: "not JSON",
    deliveries: 1,
  };
}

/** What every EventInbox does; the postgres and the memory one both run it. */
export function eventInboxContract(open: () => Stores): void {
  describe("EventInbox", () => {
    it("makes one delivery per endpoint of that application and mode, with the frozen body", async () => {
      const stores = open();
      const endpoint = await register(stores);
      await register(stores);
      const event = arrived(endpoint.applicationId, "LIVE");
      expect(await createAcceptEvents(stores.inbox)([event])).toEqual({ events: 1, deliveries: 1 });
      const live = await stores.log.list(
        { applicationId: endpoint.applicationId, mode: "LIVE" },
        NO_FILTER,
        PAGE,
      );
      expect(live).toHaveLength(1);
      expect(live[0]).toMatchObject({
        endpointId: endpoint.id,
        eventId: event.event.id,
        status: "PENDING",
        sequence: 3,
      });
      expect(live[0]?.body).toBe(
        `{"id":"${event.event.id}","type":"payment.succeeded","schemaVersion":1,"mode":"LIVE",` +
          `"createdAt":"2026-06-04T10:00:00.123Z","sequence":3,"data":{"id":100,"reference":"pay_x"}}`,
      );
      expect(
        await stores.log.list({ applicationId: endpoint.applicationId, mode: "TEST" }, NO_FILTER, PAGE),
      ).toEqual([]);
    });

    it("applies an event once, however often and beside whatever it arrives", async () => {
      const stores = open();
      const { applicationId } = await register(stores);
      const accept = createAcceptEvents(stores.inbox);
      const [first, second] = [arrived(applicationId, "LIVE"), arrived(applicationId, "LIVE")];
      expect(await accept([first, first])).toEqual({ events: 1, deliveries: 1 });
      expect(await accept([first, second])).toEqual({ events: 1, deliveries: 1 });
      const both = await Promise.all([accept([first, second]), accept([second, first])]);
      expect(both).toEqual([
        { events: 0, deliveries: 0 },
        { events: 0, deliveries: 0 },
      ]);
    });

    it("keeps an event that no endpoint takes, without a delivery", async () => {
      const stores = open();
      const { applicationId } = await register(stores, { target: NO_TARGET });
      const accept = createAcceptEvents(stores.inbox);
      expect(await accept([arrived(applicationId, "LIVE")])).toEqual({ events: 1, deliveries: 0 });
      expect(await accept([])).toEqual({ events: 0, deliveries: 0 });
    });

    it("follows the newest target of an application and ignores older ones and repeats", async () => {
      const stores = open();
      const { applicationId } = await register(stores);
      const change = (version: number, host: string, eventId = nextEventId()) =>
        stores.inbox.commitTarget({ eventId, subject: "s", applicationId, version, target: target(host) });
      const eventId = nextEventId();
      expect(await change(3, "three.example", eventId)).toBe(true);
      expect(await change(3, "three.example", eventId)).toBe(false);
      expect(await change(2, "two.example")).toBe(false);
      const defaults = await stores.endpoints.defaults(applicationId);
      expect(defaults.map(({ url, version }) => [url, version])).toEqual([
        ["https://three.example/hook", defaults[0]?.version],
        ["https://three.example/hook", defaults[0]?.version],
      ]);
    });

    it("disables for a refused URL, suspends new deliveries, and enables again for a good one", async () => {
      const stores = open();
      const { applicationId, mode } = await register(stores);
      const change = (version: number, to: typeof BAD_TARGET) =>
        stores.inbox.commitTarget({
          eventId: nextEventId(),
          subject: "s",
          applicationId,
          version,
          target: to,
        });
      await change(2, BAD_TARGET);
      expect(await stores.endpoints.defaults(applicationId)).toMatchObject([
        { state: "DISABLED", disabledReason: "URL_REFUSED" },
        { state: "DISABLED", disabledReason: "URL_REFUSED" },
      ]);
      const [id = 0] = await deliver(stores, { applicationId, mode });
      expect(await stores.log.byId(id, { applicationId, mode })).toMatchObject({ status: "SUSPENDED" });
      await change(3, target("good.example"));
      expect(await stores.endpoints.defaults(applicationId)).toMatchObject([
        { state: "ENABLED", disabledReason: null },
        { state: "ENABLED", disabledReason: null },
      ]);
    });

    it("remembers a target that arrives before the endpoints are made", async () => {
      const stores = open();
      const applicationId = nextApplication();
      const change = {
        eventId: nextEventId(),
        subject: "s",
        applicationId,
        version: 2,
        target: target("new.example"),
      };
      expect(await stores.inbox.commitTarget(change)).toBe(true);
      const endpoint = await register(stores, { applicationId, target: target("old.example") });
      expect(endpoint.url).toBe("https://new.example/hook");
    });

    it("parks an event once, and never one that was applied", async () => {
      const stores = open();
      const { applicationId } = await register(stores);
      const eventId = nextEventId();
      expect(await stores.inbox.park(poison(eventId))).toBe(true);
      expect(await stores.inbox.park(poison(eventId))).toBe(false);
      const applied = arrived(applicationId, "LIVE");
      await createAcceptEvents(stores.inbox)([applied]);
      expect(await stores.inbox.park(poison(applied.event.id))).toBe(false);
      expect(await stores.poison()).toContain(eventId);
      expect(await stores.poison()).not.toContain(applied.event.id);
    });
  });
}
