import { randomBytes } from "node:crypto";
import { type EnvReader, Secret } from "./env.ts";

const MIN_LENGTH = 32;

/**
 * Reads `PAGE_TOKEN_KEY`. Outside production a process without one makes its own: its page tokens end with it, and no
 * other process takes them.
 */
export function readPageTokenKey(read: EnvReader, production: boolean): Secret {
  const key = read.optionalSecret("PAGE_TOKEN_KEY");
  if (key === undefined && production) read.problem("PAGE_TOKEN_KEY: is required in production");
  if (key !== undefined && key.reveal().length < MIN_LENGTH)
    read.problem(`PAGE_TOKEN_KEY: must have at least ${MIN_LENGTH} characters`);
  return key ?? new Secret(randomBytes(MIN_LENGTH).toString("base64url"));
}
