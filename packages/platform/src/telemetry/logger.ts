import { type DestinationStream, type Logger, pino, stdSerializers } from "pino";

export type { Logger } from "pino";

/** Names of fields that are never written, however deep they lie. */
const SECRET_FIELDS = new Set([
  "apiSecret",
  "api_secret",
  "x-api-secret",
  "secret",
  "password",
  "storePassword",
  "authorization",
  "payload",
  "body",
]);

/** Signing secrets are known by their form: they are hidden wherever a line may hold one. */
const SIGNING_SECRET = /wh(sec|sk)_[A-Za-z0-9+/]+=*/g;

/** Deeper than anything we log; what lies below is not written, so a cycle ends too. */
const MAX_DEPTH = 8;

export function createLogger(options: {
  readonly service: string;
  readonly level: string;
  /** Standard output when absent. */
  readonly destination?: DestinationStream | undefined;
}): Logger {
  const settings = {
    level: options.level,
    base: { service: options.service },
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    // Not pino's own redaction: it knows no "at any depth", and its wildcards cost 60 µs a line.
    formatters: { log: maskFields },
    serializers: { err: (error: unknown) => error },
    hooks: {
      streamWrite: (line: string) =>
        line.includes("whs") ? line.replace(SIGNING_SECRET, "wh$1_[secret]") : line,
    },
  };
  const log = options.destination ? pino(settings, options.destination) : pino(settings);
  // The fields of a child are written once, past the formatter; every child inherits this from its parent.
  const { child } = log;
  log.child = function maskedChild(this: typeof log, fields, childOptions) {
    return child.call(this, maskFields(fields), childOptions) as never;
  };
  return log;
}

export function silentLogger(): Logger {
  return pino({ level: "silent" });
}

function maskFields(fields: Record<string, unknown>): Record<string, unknown> {
  return mask(fields, 0) as Record<string, unknown>;
}

/** The same value when nothing in it is secret, else a copy; the caller's own object is never changed. */
function mask(value: unknown, depth: number): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (depth > MAX_DEPTH) return "[deep]";
  if (value instanceof Error) return mask(stdSerializers.err(value), depth + 1);
  if ("toJSON" in value) return value;
  if (Array.isArray(value)) return value.map((item) => mask(item, depth + 1));
  let copy: Record<string, unknown> | null = null;
  for (const [name, part] of Object.entries(value)) {
    const shown = SECRET_FIELDS.has(name) && part !== undefined ? "[secret]" : mask(part, depth + 1);
    if (shown === part) continue;
    copy ??= { ...value };
    copy[name] = shown;
  }
  return copy ?? value;
}
