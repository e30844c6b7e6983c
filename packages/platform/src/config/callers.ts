import { type EnvReader, Secret } from "./env.ts";

/** Who may call which RPCs. Several entries of one name are several tokens, so that one can be replaced at rest. */
export type CallerConfig = {
  readonly name: string;
  readonly token: Secret;
  /** `oi.payments.v1.*`, `oi.payments.v1.PaymentsService/Get*`, `*`: a star at the end stands for anything. */
  readonly patterns: readonly string[];
  /** Whether it may say for which person it calls, in the metadata `oi-actor`. */
  readonly mayNameActor: boolean;
};

const FORM = "name=token:pattern|pattern, or name+actor=… for a caller that may name persons";
const NAME = /^[a-z][a-z0-9-]{0,62}$/;
/** The characters of a bearer token (RFC 6750); 32 of them are at least 128 bits in hexadecimal. */
const TOKEN = /^[A-Za-z0-9\-._~+/]{32,512}=*$/;
const PATTERN = /^(\*|[A-Za-z][A-Za-z0-9_.]*(\/[A-Za-z0-9_]*)?\*?)$/;

/**
 * Reads `RPC_CALLERS`: entries `name=token:pattern|pattern` with commas or lines between them. Null without it, which
 * is a problem in production. A problem names its entry and never shows a token.
 */
export function readCallers(read: EnvReader, production: boolean): readonly CallerConfig[] | null {
  const text = read.optionalSecret("RPC_CALLERS")?.reveal();
  if (text === undefined) {
    if (production) read.problem(`RPC_CALLERS: is required in production, as ${FORM}`);
    return null;
  }
  const entries = text
    .split(/[,\n]/)
    .map((entry) => entry.trim())
    .filter((entry) => entry !== "");
  return entries.map((entry, index) => readEntry(read, entry, index + 1));
}

function readEntry(read: EnvReader, entry: string, place: number): CallerConfig {
  const [, name = "", actor, token = "", list = ""] = /^([^=]*?)(\+actor)?=(.*):(.*)$/.exec(entry) ?? [];
  const patterns = list.split("|").map((pattern) => pattern.trim());
  const problem = (text: string): void => read.problem(`RPC_CALLERS: entry ${place} ${text}`);
  if (name === "" && token === "") problem(`must be ${FORM}`);
  else if (!NAME.test(name)) problem("must begin with a name of lower case letters, digits and hyphens");
  else if (!TOKEN.test(token))
    problem(`(${name}) must have a token of at least 32 letters, digits and -._~+/`);
  else if (!patterns.every((pattern) => PATTERN.test(pattern)))
    problem(`(${name}) must name RPCs, as package.v1.* or package.v1.Service/Method`);
  return { name, token: new Secret(token), patterns, mayNameActor: actor !== undefined };
}

/** Reads `RPC_TOKEN`, with which a service says who it is when it calls others. */
export function readRpcToken(read: EnvReader, production: boolean): Secret | undefined {
  const token = read.optionalSecret("RPC_TOKEN");
  if (token === undefined && production) read.problem("RPC_TOKEN: is required in production");
  if (token !== undefined && !TOKEN.test(token.reveal()))
    read.problem("RPC_TOKEN: must be at least 32 letters, digits and -._~+/");
  return token;
}
