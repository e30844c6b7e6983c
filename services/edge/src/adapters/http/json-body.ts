import { invalid } from "@oi/kernel/errors";
import { parse } from "secure-json-parse";
import { scanJson } from "./json-scan.ts";

/** Whole numbers as they must be written: `100.0`, `1e2` and `-0` are equal to integers, but not integers. */
const INTEGER_TEXT = /^(0|-?[1-9]\d*)$/;

function isCleanText(text: string): boolean {
  return !text.includes("\0") && text.isWellFormed();
}

/** A key is repeated to its sender only when it looks like one of ours. */
function fieldName(key: string): string {
  return /^[A-Za-z][A-Za-z0-9]{0,63}$/.test(key) ? key : "body";
}

/**
 * Judges every value by its source text. A number that is not written as an integer becomes NaN, which the schema
 * refuses on the fields that we know and nobody sees on the others.
 */
function revive(key: string, value: unknown, context?: { readonly source?: string }): unknown {
  if (!isCleanText(key)) throw invalid({ body: "names must not hold NUL or lone surrogates" });
  if (typeof value === "string" && !isCleanText(value)) {
    throw invalid({ [fieldName(key)]: "must not hold NUL or lone surrogates" });
  }
  if (typeof value === "number" && !INTEGER_TEXT.test(context?.source ?? "")) return Number.NaN;
  return value;
}

/**
 * A body of bytes → an object whose `null` fields are left out, since null and absent mean the same here. Raises
 * VALIDATION_ERROR on the field, or on `body` when it is not JSON that we take.
 */
export function parseJsonBody(bytes: Uint8Array): Readonly<Record<string, unknown>> {
  const scanned = scanJson(bytes);
  if ("problem" in scanned) throw invalid({ body: scanned.problem });
  let parsed: unknown;
  try {
    parsed = parse(scanned.text, revive, { protoAction: "error", constructorAction: "ignore" });
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    const forbidden = error.message.includes("forbidden");
    throw invalid({ body: forbidden ? "must not hold the key __proto__" : "must be valid JSON" });
  }
  if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed)) {
    throw invalid({ body: "must be a JSON object" });
  }
  return Object.fromEntries(Object.entries(parsed).filter(([, value]) => value !== null));
}
