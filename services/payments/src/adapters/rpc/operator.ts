import type { HandlerContext } from "@connectrpc/connect";
import { DomainError } from "@oi/kernel/errors";
import { callerOf } from "@oi/platform/rpc/caller";

/** These names are ours: nobody may act as an application, as the system or as a program. */
const OURS = /^(app|system|caller):/;

/**
 * The person who acts: the door accepts `oi-actor` only from callers that may name one. Raises FORBIDDEN for nobody, and
 * for whoever is no person.
 */
export function operatorOf(context: HandlerContext): string {
  const { actor } = callerOf(context);
  const metadata = { metadata: { metadata: "oi-actor" } };
  if (actor === null)
    throw new DomainError("FORBIDDEN", "Only a person who is named in oi-actor may do this.", metadata);
  if (OURS.test(actor)) throw new DomainError("FORBIDDEN", "oi-actor must name a person.", metadata);
  return actor;
}

/** Who acts, for the audit log: the person, or the program that calls on its own behalf. */
export function actorOf(context: HandlerContext): string {
  const { name, actor } = callerOf(context);
  return actor === null ? `caller:${name}` : operatorOf(context);
}
