import { createHash, timingSafeEqual } from "node:crypto";
import type { ClaimSignature } from "../../domain/gateway.ts";
import { type Fields, readField, readWord } from "./fields.ts";

type SignatureCheck = { readonly signature: ClaimSignature; readonly note: string | null };

type Algorithm = "md5" | "sha256";

/** A signature that leaves these out says nothing about the money. */
const REQUIRED_PAID = ["tran_id", "val_id", "amount", "currency", "status", "store_id"];
const REQUIRED_OTHER = ["tran_id", "status"];

const hex = (algorithm: Algorithm, text: string): string =>
  createHash(algorithm).update(text, "utf8").digest("hex");

/**
 * The signed string: every listed field and `store_passwd`, which is the digest of the store password by the same
 * algorithm, sorted by name in byte order and joined without any encoding. MD5 is the documented rule; SHA-256 is
 * described nowhere, and this rule reproduces both digests of two published callbacks.
 */
export function signedText(
  names: readonly string[],
  fields: Fields,
  storePassword: string,
  algorithm: Algorithm,
): string {
  const pairs = names.map((name): [string, string] => [name, readField(fields, name)]);
  pairs.push(["store_passwd", hex(algorithm, storePassword)]);
  pairs.sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  return pairs.map(([name, value]) => `${name}=${value}`).join("&");
}

/** Lengths first, because the constant-time comparison takes equal lengths only and throws otherwise. */
function sameDigest(given: string, computed: string): boolean {
  const a = Buffer.from(given, "utf8");
  const b = Buffer.from(computed, "utf8");
  return a.length === b.length && timingSafeEqual(a, b);
}

const isPaidWord = (status: string): boolean => status === "VALID" || status === "VALIDATED";

/** Why the list of signed names cannot be trusted; null when it can. The sender chooses that list, so it is checked. */
function listProblem(names: readonly string[], fields: Fields): string | null {
  if (new Set(names).size !== names.length) return "KEY_REPEATED";
  if (names.includes("store_passwd")) return "KEY_IS_PASSWORD";
  if (names.some((name) => !fields.has(name))) return "KEY_NOT_IN_BODY";
  const required = isPaidWord(readWord(fields, "status")) ? REQUIRED_PAID : REQUIRED_OTHER;
  return required.every((name) => names.includes(name)) ? null : "REQUIRED_NAME_UNSIGNED";
}

/** Checks `verify_sign` (MD5) and `verify_sign_sha2` (SHA-256) of a form that has no repeated field. */
export function checkSignature(fields: Fields, storePassword: string): SignatureCheck {
  const md5 = readField(fields, "verify_sign");
  const sha256 = readField(fields, "verify_sign_sha2");
  if (md5 === "" && sha256 === "") return { signature: "absent", note: null };
  const names = readField(fields, "verify_key").split(",");
  const problem = listProblem(names, fields);
  if (problem !== null) return { signature: "invalid", note: problem };
  const matches = (given: string, algorithm: Algorithm): boolean =>
    sameDigest(given, hex(algorithm, signedText(names, fields, storePassword, algorithm)));
  const strong = matches(sha256, "sha256");
  const weak = matches(md5, "md5");
  if (strong) return { signature: "valid", note: null };
  return weak ? { signature: "weak", note: "MD5_ONLY" } : { signature: "invalid", note: "DIGEST_MISMATCH" };
}
