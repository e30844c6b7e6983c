import { takePart } from "../domain/rule-book.ts";
import type { ActAsCustomer, ActRequest } from "./act-as-customer.ts";
import { describeSubject, type World } from "./world.ts";

export const AUTOPILOTS = ["magic", "always", "never"] as const;

/** `magic`: sessions whose rule has a customer play it. `always`: the others pay plainly. `never`: a person has to act. */
export type Autopilot = (typeof AUTOPILOTS)[number];

/** Called once the answer with the page's address has arrived: nobody can act on a page that nobody was told of. */
export function createRunAutopilot(ports: {
  readonly world: World;
  readonly act: ActAsCustomer;
  readonly autopilot: Autopilot;
}): (sessionKey: string) => void {
  const { world, act, autopilot } = ports;
  return (sessionKey) => {
    const session = world.sessions.get(sessionKey);
    if (session === undefined || autopilot === "never") return;
    const taken = takePart(world.rules, "customer", (rule) => rule.customer, describeSubject(session.order));
    const request: ActRequest | null = taken?.part ?? (autopilot === "always" ? {} : null);
    if (request !== null) void act(sessionKey, { ...request, waitMs: 0 });
  };
}
