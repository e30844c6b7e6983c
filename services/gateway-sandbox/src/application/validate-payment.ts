import { describeTry } from "../domain/answers.ts";
import { findTruth } from "../domain/rule-book.ts";
import { isPaid, markValidated, putTry } from "../domain/session.ts";
import { isStore } from "./check-store.ts";
import type { Clock, Operate, Stores } from "./ports.ts";
import { describeSubject, findTryByValId, putSession, type World } from "./world.ts";

/** Answers VALID to the first call with a `val_id`, VALIDATED to every later one, INVALID_TRANSACTION to a foreign one. */
export function createValidatePayment(ports: {
  readonly world: World;
  readonly stores: Stores;
  readonly clock: Clock;
}): Operate {
  const { world, stores, clock } = ports;
  return (fields, isBlind = false) => {
    if (!isStore(stores, fields)) return { body: { APIConnect: "FAILED" } };
    const hit = isBlind ? null : findTryByValId(world, fields.val_id ?? "");
    if (hit === null || hit.session.order.storeId !== fields.store_id || !isPaid(hit.found)) {
      return { body: { APIConnect: "DONE", status: "INVALID_TRANSACTION", val_id: fields.val_id ?? "" } };
    }
    const { session, found } = hit;
    const now = clock.now();
    const validated = markValidated(found, now);
    putSession(world, putTry(session, validated));
    const truth = findTruth(world.rules, describeSubject(session.order));
    const told = { ...validated, status: found.status };
    return { body: { ...describeTry(session, told, truth, now), APIConnect: "DONE" } };
  };
}
