import { type DestinationStream, type Logger, pino } from "pino";

export type { Logger } from "pino";

/** Names of fields that are never written, at any of the depths we log at. */
const SECRET_FIELDS = [
  "apiSecret",
  "api_secret",
  "secret",
  "password",
  "storePassword",
  "authorization",
  "payload",
  "body",
];

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
    redact: { paths: SECRET_FIELDS.flatMap((field) => [field, `*.${field}`]), censor: "[secret]" },
  };
  return options.destination ? pino(settings, options.destination) : pino(settings);
}

export function silentLogger(): Logger {
  return pino({ level: "silent" });
}
