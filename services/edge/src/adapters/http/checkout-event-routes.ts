import { randomInt } from "node:crypto";
import { DomainError } from "@oi/kernel/errors";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { Checkouts, CheckoutWatches } from "../../application/ports.ts";
import { readCheckout, requireReference } from "../../application/read-checkout.ts";
import { type Checkout, isOpen, liveId, liveStatus } from "../../domain/checkout.ts";
import { type EventStream, eventStream, type StreamLimits } from "./event-stream.ts";
import { seats } from "./seats.ts";

export type LiveLimits = StreamLimits & {
  /** Streams of this process; beyond it pages poll. */
  readonly maxStreams: number;
};

/** The streams that are open. */
export type LiveCheckouts = {
  /** Ends every stream and refuses new ones: this process goes, and browsers find another one. */
  drain(): void;
};

type Deps = {
  readonly checkouts: Checkouts;
  readonly watches: CheckoutWatches;
  readonly limits: LiveLimits;
  readonly addressOf: (request: FastifyRequest) => string;
};

/** Spread, so that the customers of a process that goes do not meet at the next one's door. */
const COME_AGAIN_MS = { min: 1_000, max: 5_000 };

function sendHead(reply: FastifyReply): FastifyReply {
  return reply.headers({
    "content-type": "text/event-stream",
    "cache-control": "no-store, no-transform",
    // nginx would gather events before it passes them on.
    "x-accel-buffering": "no",
  });
}

/** Sends what differs from what the stream's reader has seen, and ends with what cannot change any more. */
function follow(stream: EventStream, seenId: string | null): (checkout: Checkout) => void {
  let seen = seenId;
  return (checkout) => {
    const id = liveId(checkout);
    if (id !== seen) stream.send({ id, name: "status", data: liveStatus(checkout) });
    seen = id;
    if (!isOpen(checkout.status)) stream.end();
  };
}

/**
 * A checkout's status as it changes. The first event is a snapshot, so nobody misses anything between the page and its
 * stream; who comes again names the event seen last and gets one only if there is another.
 */
export function checkoutEventRoutes(app: FastifyInstance, deps: Deps): LiveCheckouts {
  const { checkouts, watches, limits, addressOf } = deps;
  const free = seats(limits.maxStreams);
  const open = new Set<EventStream>();
  let isDraining = false;

  app.get<{ Params: { reference: string } }>(
    "/checkout/:reference/events",
    { config: { bucket: "customer" } },
    async (request, reply) => {
      const { reference } = request.params;
      const trace = { requestId: request.id };
      requireReference(reference);
      if (isDraining) throw new DomainError("SERVICE_UNAVAILABLE", "This process is going.");
      using held = new DisposableStack();
      held.use(free.take(reference, addressOf(request)));
      const checkout = await readCheckout({ checkouts }, reference, trace);
      if (request.method === "HEAD") return sendHead(reply).send();
      const lastSeen = `${request.headers["last-event-id"] ?? ""}`;
      // The one answer after which a browser does not come again.
      if (!isOpen(checkout.status) && lastSeen === liveId(checkout)) return reply.code(204).send();
      const stream = eventStream(limits);
      const tell = follow(stream, lastSeen === "" ? null : lastSeen);
      held.use(watches.watch(checkout, trace, tell));
      held.defer(() => open.delete(stream));
      open.add(stream);
      const rest = held.move();
      stream.onClose(() => rest.dispose());
      tell(checkout);
      if (isDraining) stream.end();
      return sendHead(reply).send(stream.readable);
    },
  );

  return {
    drain: () => {
      isDraining = true;
      for (const stream of open) stream.end(randomInt(COME_AGAIN_MS.min, COME_AGAIN_MS.max));
    },
  };
}
