import {
  type ContextValues,
  createContextKey,
  createContextValues,
  type HandlerContext,
} from "@connectrpc/connect";
import { DomainError, invalid } from "@oi/kernel/errors";
import type { Logger } from "../telemetry/logger.ts";
import { CALLER, type Caller, type Identify, identifyLocal } from "./caller.ts";

/** Lets a call in or raises why not. The guard around every handler asks it before it looks at the message. */
type Admit = (context: HandlerContext, log: Logger) => Caller;

const rpcOf = ({ service, method }: HandlerContext): string => `${service.typeName}/${method.name}`;

const ADMIT = createContextKey<Admit>((context) =>
  identifyLocal({ rpc: rpcOf(context), header: context.requestHeader, peer: "" }),
);

/** Where a handler's call is logged, for what it must tell beside the one line of the call; null without a guard. */
export const CALL_LOG = createContextKey<Logger | null>(null);

/** Asks the call's door, and refuses what is over before it began. */
export function admit(context: HandlerContext, log: Logger): void {
  context.values.set(CALL_LOG, log);
  context.values.set(CALLER, context.values.get(ADMIT)(context, log));
  const remainingMs = context.timeoutMs();
  if (context.signal.aborted || (remainingMs !== undefined && remainingMs <= 0))
    throw new DomainError("DEADLINE_EXCEEDED", "The time for this call was over before it began.");
}

export type GateOptions = {
  readonly identify: Identify;
  /** Whether a call without a deadline is refused; otherwise it gets the door's own and a warning. */
  readonly deadlineRequired: boolean;
};

/** What one door asks of every call. */
export type Gate = (call: { readonly peer: string; readonly hasDeadline: boolean }) => ContextValues;

/** A call whose caller names no deadline gets this one, where that is allowed at all. */
export const MISSING_DEADLINE_MS = 5_000;

export function createGate({ identify, deadlineRequired }: GateOptions): Gate {
  /** Bounded by the callers and methods that exist: who is not known was refused before. */
  const warned = new Set<string>();
  const missDeadline = (rpc: string, caller: Caller, log: Logger): void => {
    if (deadlineRequired) throw invalid({ deadline: "is required: say how long you will wait" });
    const key = `${caller.name} ${rpc}`;
    if (warned.has(key)) return;
    warned.add(key);
    log.warn({ rpc, caller: caller.name, setMs: MISSING_DEADLINE_MS }, "a call came without a deadline");
  };
  return ({ peer, hasDeadline }) =>
    createContextValues().set(ADMIT, (context, log) => {
      const rpc = rpcOf(context);
      const caller = identify({ rpc, header: context.requestHeader, peer });
      if (!hasDeadline) missDeadline(rpc, caller, log);
      return caller;
    });
}
