import { type DomainError, invalid } from "@oi/kernel/errors";
import { isCurrency } from "@oi/kernel/money";
import type { FastifyServerOptions } from "fastify";
import { holdsCardNumber } from "../../domain/card-number.ts";
import { isEmail, isPhone } from "../../domain/customer.ts";
import { parseInstant } from "./instant-text.ts";
import { isRedirectUrl } from "./redirect-url.ts";

type Format = { readonly holds: (text: string) => boolean; readonly rule: string };

/** Rules that a schema cannot say by itself, under the name that `format` gives them. */
const FORMATS: Readonly<Record<string, Format>> = {
  "iso-4217": { holds: isCurrency, rule: "must be an ISO 4217 code, upper case" },
  "e-mail": { holds: isEmail, rule: "must be an e-mail address" },
  phone: { holds: isPhone, rule: "must be a phone number, such as 01712345678 or +8801712345678" },
  "redirect-url": {
    holds: isRedirectUrl,
    rule: "must be an absolute http or https URL without user name, password or backslash",
  },
  instant: {
    holds: (text) => parseInstant(text) !== null,
    rule: "must be an ISO 8601 instant in UTC, such as 2026-06-04T10:00:00Z",
  },
  page: { holds: (text) => /^(0|[1-9]\d{0,4})$/.test(text), rule: "must be a whole number from 0" },
  "page-size": {
    holds: (text) => /^([1-9]\d?|100)$/.test(text),
    rule: "must be a whole number from 1 to 100",
  },
  "clean-text": {
    holds: (text) => !text.includes("\0") && text.isWellFormed(),
    rule: "must not hold NUL or lone surrogates",
  },
  "free-text": {
    holds: (text) => !holdsCardNumber(text),
    rule: "must not hold a card number; card data is never accepted",
  },
};

type SchemaError = {
  readonly keyword: string;
  readonly instancePath: string;
  readonly params: Readonly<Record<string, unknown>>;
  readonly message?: string | undefined;
  readonly data?: unknown;
};

function typeName(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "an array";
  return { string: "a string", number: "a number", boolean: "true or false", object: "an object" }[
    typeof value as string
  ] as string;
}

/** What is wrong, with the rule and the type that came, never with the value. */
function describe(error: SchemaError): string {
  const { keyword, params, data } = error;
  switch (keyword) {
    case "required":
      return "is required";
    case "type": {
      const wanted = params.type === "integer" ? "an integer" : `a ${params.type}`;
      return typeof data === "number" ? `must be ${wanted}` : `must be ${wanted}, not ${typeName(data)}`;
    }
    case "format":
      return FORMATS[String(params.format)]?.rule ?? "is not valid";
    case "minLength":
      return "must not be empty";
    case "maxLength":
      return `must be at most ${params.limit} characters`;
    case "minimum":
      return `must be at least ${params.limit}`;
    case "maximum":
      return `must be at most ${params.limit}`;
    case "enum":
      return `must be one of ${(params.allowedValues as readonly string[]).join(", ")}`;
    case "not":
      return "is not supported yet";
    default:
      return error.message ?? "is not valid";
  }
}

function fieldOf({ instancePath, params }: SchemaError): string {
  const missing = params.missingProperty;
  return typeof missing === "string" ? missing : instancePath.slice(1) || "body";
}

/** Every failed field with its first problem. */
function toDomainError(errors: readonly SchemaError[]): DomainError {
  const fields: Record<string, string> = {};
  for (const error of errors) fields[fieldOf(error)] ??= describe(error);
  return invalid(fields);
}

/** The validator judges and never changes what it judges: no coercion, no defaults, nothing removed. */
export const VALIDATION: Pick<FastifyServerOptions, "ajv" | "schemaErrorFormatter"> = {
  ajv: {
    customOptions: {
      coerceTypes: false,
      removeAdditional: false,
      useDefaults: false,
      allErrors: true,
      verbose: true,
    },
    onCreate: (ajv) => {
      for (const [name, { holds }] of Object.entries(FORMATS)) ajv.addFormat(name, holds);
    },
  },
  schemaErrorFormatter: (errors) => toDomainError(errors as readonly SchemaError[]),
};
