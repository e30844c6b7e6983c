import { formatInstant } from "@oi/kernel/instant";
import type { Logger } from "@oi/platform/telemetry/logger";
import type { FastifyInstance } from "fastify";
import { readTimeline, type Silence, type TimelinePorts } from "../../application/read-timeline.ts";
import { pagination } from "../../domain/envelope.ts";
import { TIMELINE_LIMIT, type Timeline, type TimelineEntry } from "../../domain/timeline.ts";
import type { Answers } from "./answers.ts";
import { callerOf } from "./caller.ts";
import { readId } from "./path-id.ts";

function render({ id, at, kind, title, actor, status, version, refs, detail }: TimelineEntry) {
  return {
    id,
    at: formatInstant(at),
    kind,
    title,
    actor,
    ...(status === null ? {} : { status }),
    ...(version === null ? {} : { version }),
    refs,
    detail,
  };
}

/** Nobody counts what is not told, so one more than fits says that there is more. */
function paginationOf({ entries, isCut }: Timeline) {
  return pagination(0, TIMELINE_LIMIT, isCut ? TIMELINE_LIMIT + 1 : entries.length);
}

function logSilence(log: Logger, requestId: string, { source, cause }: Silence): void {
  const line = { requestId, source, cause: cause instanceof Error ? cause.message : String(cause) };
  log.warn(line, "a timeline lacks a source");
}

export function timelineRoutes(
  app: FastifyInstance,
  ports: TimelinePorts,
  { answers, log }: { readonly answers: Answers; readonly log: Logger },
): void {
  app.get<{ Params: { id: string } }>("/api/v1/payments/:id/timeline", async (request, reply) => {
    const id = readId(request.params.id, "Payment");
    const trace = { requestId: request.id };
    const { timeline, silences } = await readTimeline(ports, callerOf(request), id, trace);
    for (const silence of silences) logSilence(log, request.id, silence);
    return answers.success(request, reply, timeline.entries.map(render), paginationOf(timeline));
  });
}
