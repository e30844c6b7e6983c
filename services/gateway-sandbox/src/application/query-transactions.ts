import { describeSession } from "../domain/answers.ts";
import { findTruth } from "../domain/rule-book.ts";
import type { Session } from "../domain/session.ts";
import type { Fields } from "../domain/signature.ts";
import { isStore } from "./check-store.ts";
import type { Answer, Clock, Operate, Stores } from "./ports.ts";
import { describeSubject, findSessionsByTranId, type World } from "./world.ts";

/** What the real gateway was seen to say of a `tran_id` that it does not know: count 0, and one element all the same. */
function describeUnknown(tranId: string): Answer {
  return {
    body: {
      APIConnect: "DONE",
      no_of_trans_found: 0,
      element: [{ status: "INVALID", tran_id: tranId, val_id: "", amount: "0.00", bank_tran_id: "" }],
    },
  };
}

/** Asks by `sessionkey` (a flat answer with its last try) or by `tran_id` (one element per try). */
export function createQueryTransactions(ports: {
  readonly world: World;
  readonly stores: Stores;
  readonly clock: Clock;
}): Operate {
  const { world, stores, clock } = ports;
  const describe = (session: Session): readonly Fields[] => {
    const truth = findTruth(world.rules, describeSubject(session.order));
    return describeSession(session, truth, clock.now());
  };
  return (fields, isBlind = false) => {
    if (!isStore(stores, fields)) return { body: { APIConnect: "FAILED" } };
    const { sessionkey, tran_id: tranId } = fields;
    if (sessionkey !== undefined) {
      const session = world.sessions.get(sessionkey);
      const isOwn = session?.order.storeId === fields.store_id;
      if (isBlind || session === undefined || !isOwn) {
        return { body: { APIConnect: "DONE", status: "INVALID_TRANSACTION", sessionkey } };
      }
      return { body: { APIConnect: "DONE", sessionkey, ...describe(session).at(-1) } };
    }
    if (tranId === undefined) return { body: { APIConnect: "INVALID_REQUEST" } };
    const sessions = findSessionsByTranId(world, tranId).filter((s) => s.order.storeId === fields.store_id);
    if (isBlind || sessions.length === 0) return describeUnknown(tranId);
    const element = sessions.flatMap(describe);
    return { body: { APIConnect: "DONE", no_of_trans_found: element.length, element } };
  };
}
