import { DomainError, notFound } from "@oi/kernel/errors";
import type { ChangeDesk, Desk, Once } from "../../application/admin-ports.ts";
import { healthAfter } from "../../domain/breaker.ts";
import type { Endpoint } from "../../domain/endpoint.ts";
import { queueDelivery } from "./event-inbox.ts";
import { runningRecovery, startRecovery } from "./recoveries.ts";
import {
  changeDelivery,
  type MemoryWorld,
  newStoredEndpoint,
  type StoredEndpoint,
  showEndpoint,
} from "./world.ts";

type DeskParts<K extends keyof Desk> = Pick<Desk, K>;

function endpointParts(
  world: MemoryWorld,
  { scope }: Once,
): DeskParts<"endpoint" | "countEndpoints" | "insertEndpoint" | "saveEndpoint"> {
  const own = (): StoredEndpoint[] =>
    [...world.endpoints.values()].filter(
      (e) => e.applicationId === scope.applicationId && e.mode === scope.mode && e.state !== "DELETED",
    );
  const requireFree = (id: number, url: string | null, state: string): void => {
    const isTaken = own().some((e) => e.id !== id && e.url === url && e.hostKey !== null);
    if (state !== "DELETED" && isTaken)
      throw new DomainError("RESOURCE_ALREADY_EXISTS", "Another endpoint has this URL.");
  };
  return {
    endpoint: async (id) => {
      const found = world.endpoints.get(id);
      const isOurs = found?.applicationId === scope.applicationId && found.mode === scope.mode;
      return found && isOurs ? showEndpoint(found) : null;
    },
    countEndpoints: async () => own().length,
    insertEndpoint: async (made) => {
      requireFree(made.id, made.url, "ENABLED");
      const stored = newStoredEndpoint(world, { ...made, ...scope, isDefault: false });
      world.endpoints.set(made.id, stored);
      return showEndpoint(stored);
    },
    saveEndpoint: async (endpoint) => {
      requireFree(endpoint.id, endpoint.url, endpoint.state);
      const stored = world.endpoints.get(endpoint.id);
      if (!stored) throw notFound("Endpoint");
      const {
        breaker: _,
        openUntil: __,
        cap: ___,
        lastOkAt: ____,
        firstFailAt: _____,
        ...settings
      } = endpoint;
      const health = healthAfter(stored.health, stored, settings);
      const saved = { ...stored, ...settings, health, version: stored.version + 1, updatedAt: world.now };
      world.endpoints.set(endpoint.id, saved);
      return showEndpoint(saved);
    },
  };
}

function secretParts(world: MemoryWorld): DeskParts<"secrets" | "addSecret" | "endSecret" | "prolongSecret"> {
  const change = (id: number, edit: (endpoint: StoredEndpoint) => StoredEndpoint["secrets"]): void => {
    const endpoint = world.endpoints.get(id);
    if (endpoint) world.endpoints.set(id, { ...endpoint, secrets: edit(endpoint) });
  };
  return {
    secrets: async (id) => world.endpoints.get(id)?.secrets ?? [],
    addSecret: async (id, version, secret) =>
      change(id, ({ secrets }) => [
        { ...secret, version, algorithm: "v1", activeFrom: world.now, expiresAt: null, revokedAt: null },
        ...secrets,
      ]),
    endSecret: async (id, version, at) =>
      change(id, ({ secrets }) =>
        secrets.map((secret) => {
          if (secret.version !== version) return secret;
          return at === null ? { ...secret, revokedAt: world.now } : { ...secret, expiresAt: at };
        }),
      ),
    prolongSecret: async (id, version) =>
      change(id, ({ secrets }) =>
        secrets.map((secret) => (secret.version === version ? { ...secret, expiresAt: null } : secret)),
      ),
  };
}

function deliveryParts(
  world: MemoryWorld,
  { scope }: Once,
  endpoint: (id: number) => Promise<Endpoint | null>,
): DeskParts<"delivery" | "requeue" | "cancel" | "addTest"> {
  return {
    delivery: async (id) => {
      const row = world.deliveries.get(id);
      const isOurs = row?.applicationId === scope.applicationId && row.mode === scope.mode;
      const at = row && isOurs ? await endpoint(row.endpointId) : null;
      return row && at ? { state: row.state, endpoint: at } : null;
    },
    requeue: async (id) => {
      const row = world.deliveries.get(id);
      if (!row) return;
      const due = { nextAt: world.now, deliveredAt: null, state: "PENDING" } as const;
      const kind = row.kind === "TEST" ? row.kind : "MANUAL";
      const again = { round: row.round + 1, tries: 0, kind, firstDueAt: world.now } as const;
      changeDelivery(world, id, { ...due, ...(row.state === "PENDING" ? {} : again) });
    },
    cancel: async (id) => changeDelivery(world, id, { state: "CANCELLED" }),
    addTest: async (event, body, at) => {
      world.inbox.set(event.id, "APPLIED");
      world.events.push({ event, body, receivedAt: world.now });
      return queueDelivery(world, event, at, "TEST");
    },
  };
}

function recoveryParts(
  world: MemoryWorld,
  endpoint: (id: number) => Promise<Endpoint | null>,
): DeskParts<"startRecovery" | "recovery" | "cancelRecovery" | "endRecoveries"> {
  return {
    startRecovery: async (asked) => {
      const made = startRecovery(world, asked);
      if (!made) throw new DomainError("INVALID_OPERATION_STATE", "A recovery of this endpoint is running.");
      return made;
    },
    recovery: async (id) => {
      const found = world.recoveries.get(id);
      return found && (await endpoint(found.endpointId)) ? found : null;
    },
    cancelRecovery: async (id) => {
      const found = world.recoveries.get(id);
      if (!found) throw notFound("Recovery");
      const ended = { ...found, state: "CANCELLED", finishedAt: world.now } as const;
      world.recoveries.set(id, ended);
      return ended;
    },
    endRecoveries: async (id) => {
      const running = (await endpoint(id)) ? runningRecovery(world, id) : undefined;
      const ended = { state: "CANCELLED", finishedAt: world.now } as const;
      if (running) world.recoveries.set(running.id, { ...running, ...ended });
    },
  };
}

/** One change at a time, undone when its work raises. */
export function memoryChangeDesk(world: MemoryWorld): ChangeDesk {
  let last: Promise<unknown> = Promise.resolve();
  const run = async <T>(once: Once, work: (desk: Desk) => Promise<T>) => {
    const { applicationId, mode } = once.scope;
    const place = `${applicationId} ${mode} ${once.route} ${once.key}`;
    const known = once.key === null ? undefined : world.answers.get(place);
    if (known && known.fingerprint !== once.fingerprint)
      throw new DomainError("IDEMPOTENCY_KEY_CONFLICT", "The key was used for another request.");
    if (known) return { value: JSON.parse(known.answer) as T, replayedAfterMs: world.now - known.at };
    const endpoints = new Map(world.endpoints);
    const recoveries = new Map(world.recoveries);
    const parts = endpointParts(world, once);
    try {
      const value = await work({
        now: world.now,
        ...parts,
        ...secretParts(world),
        ...deliveryParts(world, once, parts.endpoint),
        ...recoveryParts(world, parts.endpoint),
      });
      const { fingerprint } = once;
      if (once.key !== null)
        world.answers.set(place, { fingerprint, answer: JSON.stringify(value), at: world.now });
      return { value, replayedAfterMs: null };
    } catch (error) {
      world.endpoints.clear();
      for (const [id, endpoint] of endpoints) world.endpoints.set(id, endpoint);
      world.recoveries.clear();
      for (const [id, recovery] of recoveries) world.recoveries.set(id, recovery);
      throw error;
    }
  };
  return {
    once: (once, work) => {
      const running = last.then(() => run(once, work));
      last = running.catch(() => undefined);
      return running;
    },
  };
}
