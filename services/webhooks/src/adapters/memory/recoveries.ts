import type { NewRecovery } from "../../application/admin-ports.ts";
import { takes } from "../../domain/filter.ts";
import { queueDelivery } from "./event-inbox.ts";
import {
  changeDelivery,
  type MemoryWorld,
  nextId,
  type StoredDelivery,
  type StoredRecovery,
} from "./world.ts";

export function runningRecovery(world: MemoryWorld, endpointId: number): StoredRecovery | undefined {
  return [...world.recoveries.values()].find((r) => r.endpointId === endpointId && r.state === "RUNNING");
}

/** Null while another runs at that endpoint. */
export function startRecovery(world: MemoryWorld, asked: NewRecovery): StoredRecovery | null {
  if (runningRecovery(world, asked.endpointId)) return null;
  const times = { cursorAt: null, createdAt: world.now, finishedAt: null };
  const made = { ...asked, ...times, id: nextId(world), state: "RUNNING", requeued: 0, cursor: 0 } as const;
  world.recoveries.set(made.id, made);
  return made;
}

function isWanted(job: StoredRecovery, type: string, at: number): boolean {
  return (
    at >= (job.since ?? Number.NEGATIVE_INFINITY) &&
    at < (job.until ?? Number.POSITIVE_INFINITY) &&
    (job.eventTypes.length === 0 || takes(job.eventTypes, type))
  );
}

/** A test is tried once; only what enabling owes it moves it again. */
function isOwed({ scope }: StoredRecovery, { kind }: StoredDelivery): boolean {
  return kind !== "TEST" || scope === "SUSPENDED" || scope === "DISCARD";
}

function isInScope({ scope }: StoredRecovery, { state }: StoredDelivery): boolean {
  if (scope === "ALL") return state === "PARKED" || state === "SUSPENDED" || state === "DELIVERED";
  return state === "SUSPENDED" || (scope === "FAILED" && state === "PARKED");
}

function sendMissing(world: MemoryWorld, job: StoredRecovery, batch: number): StoredRecovery {
  const endpoint = world.endpoints.get(job.endpointId);
  const seen = world.events.slice(job.cursor, job.cursor + batch);
  let requeued = job.requeued;
  for (const { event, receivedAt } of seen) {
    const isOurs = event.applicationId === endpoint?.applicationId && event.mode === endpoint.mode;
    const isKnown = [...world.deliveries.values()].some(
      (d) => d.eventId === event.id && d.endpointId === job.endpointId,
    );
    if (!endpoint || !isOurs || isKnown || !takes(endpoint.eventTypes, event.type)) continue;
    if (!isWanted(job, event.type, receivedAt)) continue;
    queueDelivery(world, event, endpoint, "MANUAL");
    requeued += 1;
  }
  return { ...job, requeued, cursor: job.cursor + seen.length };
}

function sendAgain(world: MemoryWorld, job: StoredRecovery, batch: number): StoredRecovery {
  const seen = [...world.deliveries.values()]
    .filter((d) => d.endpointId === job.endpointId && d.id > job.cursor && isInScope(job, d))
    .sort((a, b) => a.id - b.id)
    .slice(0, batch);
  const wanted = seen.filter((d) => isWanted(job, d.type, d.createdAt) && isOwed(job, d));
  for (const { id, round, kind: before } of wanted) {
    const kind = before === "TEST" ? before : "MANUAL";
    if (job.scope === "DISCARD") changeDelivery(world, id, { state: "CANCELLED", kind });
    else {
      const due = { nextAt: world.now, firstDueAt: world.now, deliveredAt: null };
      changeDelivery(world, id, { ...due, state: "PENDING", kind, round: round + 1, tries: 0 });
    }
  }
  return { ...job, requeued: job.requeued + wanted.length, cursor: seen.at(-1)?.id ?? job.cursor };
}

/** The rules of `recover_batch` in the database, over Maps. */
export function recoverBatch(world: MemoryWorld, batch: number, pendingLimit: number): "more" | "idle" {
  const job = [...world.recoveries.values()].find((r) => r.state === "RUNNING");
  if (!job) return "idle";
  const endpoint = world.endpoints.get(job.endpointId);
  const isDead = endpoint?.state === "DELETED" || (job.scope !== "DISCARD" && endpoint?.state === "DISABLED");
  if (isDead) {
    world.recoveries.set(job.id, { ...job, state: "CANCELLED", finishedAt: world.now });
    return "more";
  }
  const pending = [...world.deliveries.values()].filter(
    (d) => d.endpointId === job.endpointId && d.state === "PENDING",
  );
  if (job.scope !== "DISCARD" && pending.length > pendingLimit) return "idle";
  const after = job.scope === "MISSING" ? sendMissing(world, job, batch) : sendAgain(world, job, batch);
  const isOver = after.cursor === job.cursor;
  world.recoveries.set(job.id, isOver ? { ...after, state: "DONE", finishedAt: world.now } : after);
  return "more";
}
