import { eventually } from "@oi/testkit/eventually";
import { beforeEach, describe, expect, it } from "vitest";
import type { Endpoint } from "../domain/endpoint.ts";
import {
  DELIVERED,
  deliver,
  failed,
  NO_FILTER,
  NO_TARGET,
  nextApplication,
  nextEventId,
  onceAt,
  register,
  result,
  type Stores,
  target,
  WIDE,
} from "../testing/stores.ts";
import { manageDeliveries } from "./manage-deliveries.ts";

const HOUR = 3_600_000;
const SEALED = { ciphertext: new Uint8Array([9]), nonce: new Uint8Array([8]), kekId: "k1" };

/** What every ChangeDesk does, and what it makes of the other stores; the postgres and the memory one both run it. */
export function changeDeskContract(open: () => Promise<Stores>): void {
  describe("ChangeDesk", () => {
    let stores: Stores;
    let endpoint: Endpoint;
    beforeEach(async () => {
      stores = await open();
      endpoint = await register(stores);
    });
    const manage = () => manageDeliveries({ desk: stores.desk, nextEventId, onDue: () => undefined });
    const recoverAll = async (batch = 2): Promise<void> => {
      while ((await stores.queue.recover({ batch, pendingLimit: 1_000 })) === "more");
    };
    const status = async (id: number) => (await stores.log.byId(id, endpoint))?.status;
    const settleAll = async (outcome: Parameters<typeof result>[2]): Promise<void> => {
      for (
        let claims = await stores.queue.claim(WIDE);
        claims.length > 0;
        claims = await stores.queue.claim(WIDE)
      )
        await stores.queue.record(claims.map((claim) => result(claim, endpoint, outcome)));
    };
    const parked = { outcome: "OK", verdict: { kind: "PARKED" }, status: 500 } as const;

    it("gives a repeat the same answer, and no second effect", async () => {
      const once = onceAt(endpoint);
      let runs = 0;
      const work = async () => ({ run: ++runs });
      expect(await stores.desk.once(once, work)).toEqual({ value: { run: 1 }, replayedAfterMs: null });
      const again = await stores.desk.once(once, work);
      expect(again.value).toEqual({ run: 1 });
      expect(again.replayedAfterMs).toBeLessThan(60_000);
      const other = stores.desk.once({ ...once, fingerprint: "11".repeat(32) }, work);
      await expect(other).rejects.toMatchObject({ reason: "IDEMPOTENCY_KEY_CONFLICT" });
      for (const elsewhere of [
        onceAt(endpoint, { key: once.key, route: "Other" }),
        onceAt({ ...endpoint, mode: "TEST" }, { key: once.key }),
        onceAt({ ...endpoint, applicationId: nextApplication() }, { key: once.key }),
      ])
        expect((await stores.desk.once(elsewhere, work)).replayedAfterMs).toBeNull();
      expect(runs).toBe(4);
    });

    it("leaves the key free when the work refuses", async () => {
      const once = onceAt(endpoint);
      await expect(stores.desk.once(once, () => Promise.reject(new Error("no")))).rejects.toThrow("no");
      expect((await stores.desk.once(once, async () => 1)).replayedAfterMs).toBeNull();
    });

    it("runs many requests with one key once", async () => {
      const once = onceAt(endpoint);
      let runs = 0;
      const done = await Promise.all(
        Array.from({ length: 8 }, () => stores.desk.once(once, async () => ++runs)),
      );
      expect(runs).toBe(1);
      expect(new Set(done.map(({ value }) => value))).toEqual(new Set([1]));
    });

    it("makes endpoints, each URL once", async () => {
      const [id = 0] = await stores.endpoints.reserveIds(1);
      const { url, hostKey } = target(`more-${id}.example`);
      const made = { id, url, hostKey, eventTypes: ["payment.failed"], schemaVersion: 1, description: "two" };
      const { value } = await stores.desk.once(onceAt(endpoint), (at) => at.insertEndpoint(made));
      expect(value).toMatchObject({ ...made, state: "ENABLED", isDefault: false, version: 1 });
      expect(await stores.endpointLog.byId(id, endpoint)).toMatchObject(made);
      const twin = stores.desk.once(onceAt(endpoint), (at) =>
        at.insertEndpoint({ ...made, id: id + 1_000_000 }),
      );
      await expect(twin).rejects.toMatchObject({ reason: "RESOURCE_ALREADY_EXISTS" });
      const { value: count } = await stores.desk.once(onceAt(endpoint), (at) => at.countEndpoints());
      expect(count).toBe(2);
      const [delivery] = await deliver(stores, endpoint, { type: "payment.failed" }, {});
      expect(delivery).toBeDefined();
      expect((await stores.endpointLog.byId(id, endpoint))?.backlog.pending).toBe(1);
      expect((await stores.endpointLog.byId(endpoint.id, endpoint))?.backlog.pending).toBe(2);
    });

    it("signs with both secrets while they overlap, with one afterwards, and never with a revoked one", async () => {
      await deliver(stores, endpoint, {}, {}, {}, {});
      await stores.desk.once(onceAt(endpoint), async (at) => {
        await at.addSecret(endpoint.id, 2, SEALED);
        await at.endSecret(endpoint.id, 1, at.now + HOUR);
        return null;
      });
      const versions = async (): Promise<readonly number[]> => {
        const [claim] = await stores.queue.claim({ ...WIDE, slots: 1 });
        const [job] = claim ? await stores.queue.load([claim]) : [];
        if (claim) await stores.queue.record([result(claim, endpoint, DELIVERED)]);
        return job?.secrets.map(({ version }) => version) ?? [];
      };
      expect(await versions()).toEqual([2, 1]);
      await stores.pass(2 * HOUR);
      expect(await versions()).toEqual([2]);
      await stores.desk.once(onceAt(endpoint), async (at) => {
        await at.addSecret(endpoint.id, 3, SEALED);
        await at.endSecret(endpoint.id, 2, null);
        return null;
      });
      expect(await versions()).toEqual([3]);
      const known = (await stores.endpointLog.secretsOf(endpoint.applicationId)).filter(
        ({ endpointId }) => endpointId === endpoint.id,
      );
      expect(known.map(({ version, revokedAt }) => [version, revokedAt !== null])).toEqual([
        [3, false],
        [2, true],
        [1, false],
      ]);
    });

    it("resends a delivered one under the same id, and hastens one that waits without a new round", async () => {
      const [done = 0, waiting = 0] = await deliver(stores, endpoint, {}, {});
      const claims = await stores.queue.claim(WIDE);
      await stores.queue.record(
        claims.map((claim) => result(claim, endpoint, claim.deliveryId === done ? DELIVERED : failed(HOUR))),
      );
      const before = await stores.log.byId(done, endpoint);
      await manage().resend(onceAt(endpoint), done);
      await manage().resend(onceAt(endpoint), waiting);
      const again = await stores.queue.claim({ ...WIDE, slots: 10 });
      const first = again[0] ?? (await stores.queue.claim(WIDE))[0];
      expect(first?.attempt).toBe(2);
      const rows = await stores.log.list(endpoint, NO_FILTER, { limit: 10, after: null });
      expect(rows.map(({ eventId }) => eventId)).toContain(before?.eventId);
      expect((await stores.log.byId(done, endpoint))?.body).toBe(before?.body);
      const sending = manage().resend(onceAt(endpoint), first?.deliveryId ?? 0);
      await expect(sending).rejects.toMatchObject({ reason: "INVALID_OPERATION_STATE" });
    });

    it("cancels what has not ended, and nothing of another application", async () => {
      const [id = 0, other = 0] = await deliver(stores, endpoint, {}, {});
      const foreign = onceAt({ applicationId: nextApplication(), mode: "LIVE" });
      await expect(manage().cancel(foreign, id)).rejects.toMatchObject({ reason: "RESOURCE_NOT_FOUND" });
      await manage().cancel(onceAt(endpoint), id);
      expect(await status(id)).toBe("CANCELLED");
      await expect(manage().cancel(onceAt(endpoint), id)).rejects.toMatchObject({
        reason: "INVALID_OPERATION_STATE",
      });
      await settleAll(DELIVERED);
      expect([await status(id), await status(other)]).toEqual(["CANCELLED", "DELIVERED"]);
      await manage().resend(onceAt(endpoint), id);
      expect(await status(id)).toBe("PENDING");
    });

    it("recovers what failed, in batches, once each", async () => {
      const ids = await deliver(stores, endpoint, {}, {}, {}, {}, {});
      await settleAll(parked);
      const all = await Promise.all(ids.map(status));
      expect(new Set(all)).toEqual(new Set(["PARKED"]));
      const created = (await stores.log.byId(ids[0] ?? 0, endpoint))?.createdAt ?? 0;
      const asked = {
        endpointId: endpoint.id,
        scope: "FAILED",
        since: created - HOUR,
        until: null,
        eventTypes: [],
      } as const;
      const job = await manage().recover(onceAt(endpoint), { ...asked, until: created + HOUR });
      const second = manage().recover(onceAt(endpoint), asked);
      await expect(second).rejects.toMatchObject({ reason: "INVALID_OPERATION_STATE" });
      await recoverAll();
      expect(await stores.endpointLog.recovery(job.id, endpoint)).toMatchObject({
        state: "DONE",
        requeued: 5,
      });
      expect(new Set(await Promise.all(ids.map(status)))).toEqual(new Set(["PENDING"]));
      const [claim] = await stores.queue.claim(WIDE);
      expect(claim).toMatchObject({ attempt: 2, tries: 1 });
    });

    it("finds events that were never matched, for instance before there was a URL", async () => {
      const { applicationId, mode } = await register(stores, { target: NO_TARGET });
      const late = { applicationId, mode };
      await deliver(stores, late, {}, { type: "payment.failed" }, {});
      const to = target("late.example");
      await stores.inbox.commitTarget({
        eventId: nextEventId(),
        subject: "s",
        applicationId,
        version: 2,
        target: to,
      });
      const own = (await stores.endpoints.defaults(applicationId)).find((e) => e.mode === mode);
      const now = own?.updatedAt ?? 0;
      const span = { since: now - HOUR, until: now + HOUR };
      const job = await manage().recover(onceAt(late), {
        ...span,
        endpointId: own?.id ?? 0,
        scope: "MISSING",
        eventTypes: ["payment.succeeded"],
      });
      // Events wait until no older transaction could bring one.
      await eventually(async () => {
        await recoverAll(1);
        expect(await stores.endpointLog.recovery(job.id, late)).toMatchObject({ state: "DONE", requeued: 2 });
      });
      const rows = await stores.log.list(late, NO_FILTER, { limit: 10, after: null });
      expect(rows.map(({ type, body }) => [type, body.startsWith('{"id":"evt_')])).toEqual([
        ["payment.succeeded", true],
        ["payment.succeeded", true],
      ]);
    });

    it("pauses while too much waits, and ends when it is cancelled", async () => {
      const ids = await deliver(stores, endpoint, {}, {}, {});
      await settleAll(parked);
      const created = (await stores.log.byId(ids[0] ?? 0, endpoint))?.createdAt ?? 0;
      const span = { since: created - HOUR, until: created + HOUR };
      const job = await manage().recover(onceAt(endpoint), {
        ...span,
        endpointId: endpoint.id,
        scope: "ALL",
        eventTypes: [],
      });
      expect(await stores.queue.recover({ batch: 1, pendingLimit: 0 })).toBe("more");
      expect(await stores.queue.recover({ batch: 1, pendingLimit: 0 })).toBe("idle");
      await manage().cancelRecovery(onceAt(endpoint), job.id);
      await recoverAll();
      expect(await stores.endpointLog.recovery(job.id, endpoint)).toMatchObject({
        state: "CANCELLED",
        requeued: 1,
      });
      const twice = manage().cancelRecovery(onceAt(endpoint), job.id);
      await expect(twice).rejects.toMatchObject({ reason: "INVALID_OPERATION_STATE" });
    });

    it("sends a test once, also past the filter, and never retries it", async () => {
      const id = await manage().sendTest(onceAt(endpoint), endpoint.id);
      expect(await stores.log.byId(id, endpoint)).toMatchObject({ type: "webhook.test", status: "PENDING" });
      const [claim] = await stores.queue.claim(WIDE);
      const [job] = claim ? await stores.queue.load([claim]) : [];
      expect(job?.kind).toBe("TEST");
    });

    it("lists attempts by delivery, endpoint and payment, page by page", async () => {
      const aggregate = `pay_${nextEventId()}`;
      const [id = 0] = await deliver(stores, endpoint, { aggregate });
      const [first] = await stores.queue.claim(WIDE);
      if (first) await stores.queue.record([result(first, endpoint, failed(0))]);
      const [second] = await stores.queue.claim(WIDE);
      if (second) await stores.queue.record([result(second, endpoint, DELIVERED)]);
      for (const filter of [
        { deliveryId: id },
        { endpointId: endpoint.id },
        { paymentReference: aggregate },
      ]) {
        const newest = await stores.log.attempts(endpoint, filter, { limit: 1, after: null });
        expect(newest).toMatchObject([
          { deliveryId: id, number: 2, outcome: "OK", kind: "AUTO", status: 200 },
        ]);
        const older = await stores.log.attempts(endpoint, filter, {
          limit: 9,
          after: newest[0]?.position ?? "",
        });
        expect(older).toMatchObject([{ number: 1, outcome: "HTTP", error: "HTTP_STATUS" }]);
      }
      const foreign = { ...endpoint, applicationId: nextApplication() };
      expect(await stores.log.attempts(foreign, { deliveryId: id }, { limit: 9, after: null })).toEqual([]);
      expect(await stores.endpointLog.stats(endpoint.id, HOUR)).toMatchObject({ attempts: 2, succeeded: 1 });
    });

    it("lists events from where a reader stopped, and what is due next first", async () => {
      const ids = await deliver(stores, endpoint, {}, { type: "payment.failed" }, {});
      const page = await eventually(async () => {
        expect(await stores.log.events(endpoint, [], { limit: 9, after: "0-" })).toHaveLength(3);
        return stores.log.events(endpoint, [], { limit: 2, after: "0-" });
      });
      const rest = await stores.log.events(endpoint, [], { limit: 9, after: page[1]?.position ?? "" });
      const failures = await stores.log.events(endpoint, ["payment.failed"], { limit: 9, after: "0-" });
      expect([page.length, rest.length, failures.length]).toEqual([2, 1, 1]);
      expect(page[0]?.body).toContain(page[0]?.id);
      const due = await stores.log.listDue(endpoint, NO_FILTER, { limit: 2, after: null });
      const last = await stores.log.listDue(endpoint, NO_FILTER, { limit: 2, after: due[1]?.position ?? "" });
      expect([...due, ...last].map(({ id }) => id).sort((a, b) => a - b)).toEqual(ids);
    });
  });
}
