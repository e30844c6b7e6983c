import { findPart, takePart } from "../domain/rule-book.ts";
import type { ActAsCustomer, ActRequest } from "./act-as-customer.ts";
import type { Clock } from "./ports.ts";
import { describeSubject, type World } from "./world.ts";

export const AUTOPILOTS = ["magic", "always", "never"] as const;

/** `magic`: sessions whose rule has a customer play it. `always`: the others pay plainly. `never`: a person has to act. */
export type Autopilot = (typeof AUTOPILOTS)[number];

export type RunAutopilot = {
  /** Plays the customer who is faster than the session's answer, where a rule asks for one; resolves once it is told. */
  hurry(sessionKey: string): Promise<void>;
  /** Called once the answer with the page's address has arrived: nobody can act on a page that nobody was told of. */
  arrive(sessionKey: string): void;
};

export function createRunAutopilot(ports: {
  readonly world: World;
  readonly clock: Clock;
  readonly act: ActAsCustomer;
  readonly autopilot: Autopilot;
}): RunAutopilot {
  const { world, clock, act, autopilot } = ports;
  const hurried = new Set<string>();

  const findSubject = (sessionKey: string) => {
    const session = world.sessions.get(sessionKey);
    return session === undefined || autopilot === "never" ? null : describeSubject(session.order);
  };

  const takeCustomer = (sessionKey: string): ActRequest | null => {
    const subject = findSubject(sessionKey);
    if (subject === null) return null;
    const taken = takePart(world.rules, "customer", (rule) => rule.customer, subject, clock.now());
    return taken?.part ?? (autopilot === "always" ? {} : null);
  };

  return {
    hurry: async (sessionKey) => {
      const subject = findSubject(sessionKey);
      const order = subject && findPart(world.rules, (rule) => rule.ipn?.order, subject);
      if (order !== "before_session_answer") return;
      const request = takeCustomer(sessionKey);
      hurried.add(sessionKey);
      if (request !== null) await act(sessionKey, request, "notified");
    },
    arrive: (sessionKey) => {
      if (hurried.delete(sessionKey)) return;
      const request = takeCustomer(sessionKey);
      if (request !== null) void act(sessionKey, { ...request, waitMs: 0 });
    },
  };
}
