import { readFileSync } from "node:fs";

export type Env = Readonly<Record<string, string | undefined>>;

/** A value that never prints itself: logs, errors and JSON show `[secret]`. */
export class Secret {
  readonly #value: string;
  constructor(value: string) {
    this.#value = value;
  }
  reveal(): string {
    return this.#value;
  }
  toString(): string {
    return "[secret]";
  }
  toJSON(): string {
    return "[secret]";
  }
  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return "[secret]";
  }
}

/** Every problem of a configuration at once, so that nobody fixes one variable per start. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
  readonly problems: readonly string[];
  constructor(problems: readonly string[]) {
    super(`The configuration is not valid:\n${problems.map((problem) => `  ${problem}`).join("\n")}`);
    this.problems = problems;
  }
}

type Bounds = { readonly min?: number; readonly max?: number };

/** Typed readers of one environment; each problem is noted, and the reader goes on with a harmless value. */
export type EnvReader = {
  text(name: string, fallback?: string): string;
  optionalText(name: string): string | undefined;
  secret(name: string, fallback?: string): Secret;
  optionalSecret(name: string): Secret | undefined;
  integer(name: string, fallback: number, bounds?: Bounds): number;
  decimal(name: string, fallback: number, bounds?: Bounds): number;
  choice<T extends string>(name: string, choices: readonly T[], fallback: T): T;
  flag(name: string, fallback: boolean): boolean;
  url(name: string, protocols: readonly string[], fallback?: string): string;
  list(name: string, fallback?: readonly string[]): readonly string[];
  /** For rules that join several variables. */
  problem(text: string): void;
};

/** Reads `NAME`, or the file that `NAME_FILE` names. Empty counts as absent. */
function rawReader(env: Env, problems: string[]): (name: string) => string | undefined {
  return (name) => {
    const value = env[name];
    if (value !== undefined && value !== "") return value;
    const file = env[`${name}_FILE`];
    if (!file) return undefined;
    try {
      return readFileSync(file, "utf8").trimEnd() || undefined;
    } catch {
      problems.push(`${name}_FILE: the file ${file} cannot be read`);
      return undefined;
    }
  };
}

function createReader(raw: (name: string) => string | undefined, problems: string[]): EnvReader {
  const required = (name: string, fallback: string | undefined): string => {
    const value = raw(name) ?? fallback;
    if (value === undefined) problems.push(`${name}: is required`);
    return value ?? "";
  };
  const number = (name: string, fallback: number, pattern: RegExp, what: string, bounds: Bounds): number => {
    const text = raw(name);
    if (text === undefined) return fallback;
    const { min = Number.NEGATIVE_INFINITY, max = Number.POSITIVE_INFINITY } = bounds;
    if (pattern.test(text) && Number(text) >= min && Number(text) <= max) return Number(text);
    problems.push(`${name}: must be ${what}${boundsText(bounds)}, is "${text}"`);
    return fallback;
  };
  return {
    text: required,
    optionalText: raw,
    secret: (name, fallback) => new Secret(required(name, fallback)),
    optionalSecret: (name) => {
      const value = raw(name);
      return value === undefined ? undefined : new Secret(value);
    },
    integer: (name, fallback, bounds = {}) =>
      number(name, fallback, /^-?\d{1,15}$/, "a whole number", bounds),
    decimal: (name, fallback, bounds = {}) =>
      number(name, fallback, /^-?\d{1,9}(\.\d{1,9})?$/, "a decimal number", bounds),
    choice: (name, choices, fallback) => {
      const text = raw(name);
      if (text === undefined) return fallback;
      const found = choices.find((choice) => choice === text);
      if (!found) problems.push(`${name}: must be one of ${choices.join(", ")}, is "${text}"`);
      return found ?? fallback;
    },
    flag: (name, fallback) => {
      const text = raw(name)?.toLowerCase();
      if (text === undefined) return fallback;
      if (["on", "true", "1"].includes(text)) return true;
      if (!["off", "false", "0"].includes(text)) problems.push(`${name}: must be on or off, is "${text}"`);
      return false;
    },
    url: (name, protocols, fallback) => {
      const text = required(name, fallback);
      if (text === "") return text;
      const protocol = URL.canParse(text) ? new URL(text).protocol.slice(0, -1) : null;
      // The value is not shown: URLs of databases and brokers hold passwords.
      if (!protocol || !protocols.includes(protocol)) {
        problems.push(
          `${name}: must be a URL that begins with ${protocols.map((p) => `${p}://`).join(" or ")}`,
        );
      }
      return text;
    },
    list: (name, fallback = []) =>
      raw(name)
        ?.split(",")
        .map((item) => item.trim())
        .filter((item) => item !== "") ?? fallback,
    problem: (text) => problems.push(text),
  };
}

function boundsText({ min, max }: Bounds): string {
  if (min !== undefined && max !== undefined) return ` from ${min} to ${max}`;
  if (min !== undefined) return ` of at least ${min}`;
  return max === undefined ? "" : ` of at most ${max}`;
}

/** Builds a configuration from an environment. Raises {@link ConfigError} with every problem found. */
export function readEnv<T extends object>(env: Env, build: (read: EnvReader) => T): Readonly<T> {
  const problems: string[] = [];
  const config = build(createReader(rawReader(env, problems), problems));
  if (problems.length > 0) throw new ConfigError(problems);
  return Object.freeze(config);
}
