import type { Unknown } from "../../domain/gateway.ts";
import { unknown } from "./answer.ts";
import { type Fields, readWord } from "./fields.ts";

const REFUSALS = ["INACTIVE", "FAILED", "INVALID_REQUEST"];

/**
 * `APIConnect` says whether we were let in at all; anything but DONE closes nothing. Null means let in. A validation
 * may leave it out, a query never does.
 */
export function readConnect(fields: Fields, required: boolean): Unknown | null {
  const word = readWord(fields, "APIConnect");
  if (word === "DONE" || (word === "" && !required)) return null;
  if (word === "") return unknown("contradiction");
  return unknown(REFUSALS.includes(word) ? "refused_at_door" : "unlisted_status");
}
