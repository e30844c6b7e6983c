import type { HandlerContext } from "@connectrpc/connect";
import { invalid } from "@oi/kernel/errors";

/** Who acts, as the caller names them in the metadata; null when it names nobody. Raises VALIDATION_ERROR. */
export function actorOf({ requestHeader }: HandlerContext): string | null {
  const actor = requestHeader.get("oi-actor");
  if (actor === null) return null;
  if (!/^[\x21-\x7e]{1,255}$/.test(actor))
    throw invalid({ "oi-actor": "must be 1 to 255 visible ASCII characters" });
  // These names are ours: nobody may act as an application or as the system.
  if (/^(app|system):/.test(actor)) throw invalid({ "oi-actor": "must name an operator" });
  return actor;
}

/** The operator who acts. Raises VALIDATION_ERROR when the caller names nobody. */
export function operatorOf(context: HandlerContext): string {
  const actor = actorOf(context);
  if (actor === null) throw invalid({ "oi-actor": "is required: the operator who acts" });
  return actor;
}
