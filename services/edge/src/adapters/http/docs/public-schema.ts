type Json = Readonly<Record<string, unknown>>;

/** Our own formats in words that every tool knows. */
const FORMATS: Readonly<Record<string, Json>> = {
  "iso-4217": { type: "string", pattern: "^[A-Z]{3}$", default: "BDT", description: "ISO 4217 code." },
  "e-mail": { type: "string", format: "email", maxLength: 254 },
  phone: {
    type: "string",
    maxLength: 32,
    description: "Such as 01712345678 or +8801712345678; Bangla digits are accepted.",
  },
  "redirect-url": {
    type: "string",
    format: "uri",
    description: "Absolute http or https URL without user name or password.",
  },
  instant: { type: "string", format: "date-time", description: "In UTC, with Z." },
  page: { type: "integer", minimum: 0, default: 0 },
  "page-size": { type: "integer", minimum: 1, maximum: 100, default: 20 },
  "clean-text": { type: "string" },
  "free-text": { type: "string", description: "Card numbers are refused." },
};

const isObject = (value: unknown): value is Json => typeof value === "object" && value !== null;

function isNeverGiven(schema: unknown): boolean {
  return isObject(schema) && isObject(schema.not) && Object.keys(schema.not).length === 0;
}

function translate(schema: Json): Json {
  const known = typeof schema.format === "string" ? FORMATS[schema.format] : undefined;
  const { format, ...rest } = schema;
  return known === undefined ? schema : { ...rest, ...known };
}

/** A route's schema as the public reads it: our formats translated, and what must never be sent left out. */
export function publicSchema(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(publicSchema);
  if (!isObject(schema)) return schema;
  const entries = Object.entries(translate(schema)).filter(([, value]) => !isNeverGiven(value));
  return Object.fromEntries(entries.map(([name, value]) => [name, publicSchema(value)]));
}
