import { createHash, timingSafeEqual } from "node:crypto";
import { createContextKey, type HandlerContext } from "@connectrpc/connect";
import { DomainError, invalid } from "@oi/kernel/errors";
import type { CallerConfig } from "../config/callers.ts";

export type Caller = {
  /** The name of its entry in `RPC_CALLERS`. */
  readonly name: string;
  /** The person on whose behalf it calls; null when it names none. */
  readonly actor: string | null;
};

/** Whoever shares the process or the machine, where no callers are configured. */
export const LOCAL_CALLER = "local";

export const CALLER = createContextKey<Caller>({ name: LOCAL_CALLER, actor: null });

/** Who makes this call, as the door found out. */
export function callerOf(context: HandlerContext): Caller {
  return context.values.get(CALLER);
}

/** What a door knows of a call before its message is looked at. */
export type Visit = {
  /** `oi.payments.v1.PaymentsService/GetPayment` */
  readonly rpc: string;
  readonly header: Headers;
  /** The address of the other end, with or without a port. */
  readonly peer: string;
};

/** Raises UNAUTHORIZED for whom it does not know and FORBIDDEN for what the caller may not call. */
export type Identify = (visit: Visit) => Caller;

const ACTOR = /^[\x21-\x7e]{1,255}$/;

function actorOf(header: Headers): string | null {
  const actor = header.get("oi-actor");
  if (actor === null) return null;
  if (!ACTOR.test(actor)) throw invalid({ "oi-actor": "must be 1 to 255 visible ASCII characters" });
  return actor;
}

/** For services that share a process: nobody else can call. */
export const identifyLocal: Identify = ({ header }) => ({ name: LOCAL_CALLER, actor: actorOf(header) });

const LOOPBACK = /^(127\.\d+\.\d+\.\d+|\[?::1\]?|\[?::ffff:127\.\d+\.\d+\.\d+\]?)(:\d+)?$/;

/** Without configured callers the machine itself is trusted and nobody else. */
const identifyLoopback: Identify = (visit) => {
  if (!LOOPBACK.test(visit.peer)) throw unknown("This service answers its own machine only.");
  return identifyLocal(visit);
};

const unknown = (message: string): DomainError => new DomainError("UNAUTHORIZED", message);

const digest = (token: string): Buffer => createHash("sha256").update(token).digest();

/** Whoever may call something may ask what there is. */
const OPEN_TO_ALL = "grpc.reflection.*";

function matches(pattern: string, rpc: string): boolean {
  return pattern.endsWith("*") ? rpc.startsWith(pattern.slice(0, -1)) : rpc === pattern;
}

/** `callers` null trusts loopback; otherwise a call must bear the token of an entry that names its RPC. */
export function identifier(callers: readonly CallerConfig[] | null): Identify {
  if (callers === null) return identifyLoopback;
  const known = callers.map((caller) => ({ ...caller, digest: digest(caller.token.reveal()) }));
  return ({ rpc, header }) => {
    const [, token] = /^Bearer +(\S+)$/i.exec(header.get("authorization") ?? "") ?? [];
    if (token === undefined) throw unknown("Say who you are: metadata authorization: Bearer <token>.");
    const presented = digest(token);
    // Every entry is compared, so that the time says nothing about which one was right.
    const entries = known.filter((entry) => timingSafeEqual(entry.digest, presented));
    const [entry] = entries;
    if (!entry) throw unknown("The token is not known here.");
    if (
      ![OPEN_TO_ALL, ...entries.flatMap(({ patterns }) => patterns)].some((pattern) => matches(pattern, rpc))
    )
      throw new DomainError("FORBIDDEN", `${entry.name} may not call ${rpc}.`, {
        metadata: { caller: entry.name, rpc },
      });
    const actor = actorOf(header);
    if (actor !== null && !entries.some(({ mayNameActor }) => mayNameActor))
      throw new DomainError("FORBIDDEN", `${entry.name} may not name a person.`, {
        metadata: { caller: entry.name },
      });
    return { name: entry.name, actor };
  };
}
