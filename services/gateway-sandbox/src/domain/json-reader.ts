import { parseRate } from "./money.ts";

/** Reads untrusted JSON into a typed value; each problem is a sentence with the path, and all of them are told at once. */
export type Reader<T> = (value: unknown, path: string, problems: string[]) => T | undefined;

export type Reading<T> = { readonly value: T } | { readonly problems: readonly string[] };

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

export const readText: Reader<string> = (value, path, problems) => {
  if (typeof value === "string") return value;
  problems.push(`${path} must be text.`);
  return undefined;
};

/** Whole and not negative: milliseconds and counts. */
export const readCount: Reader<number> = (value, path, problems) => {
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= 0) return value;
  problems.push(`${path} must be a whole number that is not negative.`);
  return undefined;
};

/** Whole; may be negative. */
export const readOffset: Reader<number> = (value, path, problems) => {
  if (typeof value === "number" && Number.isSafeInteger(value)) return value;
  problems.push(`${path} must be a whole number.`);
  return undefined;
};

/** Node refuses to send anything else, and a 1xx is no answer. */
export const readHttpStatus: Reader<number> = (value, path, problems) => {
  if (typeof value === "number" && Number.isInteger(value) && value >= 200 && value <= 599) return value;
  problems.push(`${path} must be an HTTP status from 200 to 599.`);
  return undefined;
};

/** At most four decimals and more than nothing, as text. */
export const readRate: Reader<string> = (value, path, problems) => {
  if (typeof value === "string" && (parseRate(value) ?? 0n) > 0n) return value;
  problems.push(`${path} must be a rate with at most four decimals, as text.`);
  return undefined;
};

export const readFlag: Reader<boolean> = (value, path, problems) => {
  if (typeof value === "boolean") return value;
  problems.push(`${path} must be true or false.`);
  return undefined;
};

/** Field names and texts, as in `set`. */
export const readTexts: Reader<Readonly<Record<string, string>>> = (value, path, problems) => {
  if (isRecord(value) && Object.values(value).every((text) => typeof text === "string")) {
    return value as Record<string, string>;
  }
  problems.push(`${path} must be an object of texts.`);
  return undefined;
};

export function readOneOf<const T extends string>(words: readonly T[]): Reader<T> {
  return (value, path, problems) => {
    const found = words.find((word) => word === value);
    if (found === undefined) problems.push(`${path} must be one of ${words.join(", ")}.`);
    return found;
  };
}

export function readListOf<T>(read: Reader<T>): Reader<readonly T[]> {
  return (value, path, problems) => {
    if (!Array.isArray(value)) {
      problems.push(`${path} must be a list.`);
      return undefined;
    }
    return value.flatMap((item, i) => read(item, `${path}[${i}]`, problems) ?? []);
  };
}

/** Every key is optional; a key that is not in the shape is a problem, since a misspelt switch would do nothing. */
export function readPartsOf<T extends object>(
  shape: {
    readonly [K in keyof T]-?: Reader<Exclude<T[K], undefined>>;
  },
): Reader<Partial<T>> {
  const readers: Readonly<Record<string, Reader<unknown> | undefined>> = shape;
  return (value, path, problems) => {
    if (!isRecord(value)) {
      problems.push(`${path} must be an object.`);
      return undefined;
    }
    const parts: Record<string, unknown> = {};
    for (const [key, part] of Object.entries(value)) {
      const read = Object.hasOwn(readers, key) ? readers[key] : undefined;
      if (read === undefined) problems.push(`${path}.${key} is not known.`);
      else parts[key] = read(part, `${path}.${key}`, problems);
    }
    return parts as Partial<T>;
  };
}

export function readJson<T>(read: Reader<T>, value: unknown, name: string): Reading<T> {
  const problems: string[] = [];
  const found = read(value, name, problems);
  return found === undefined || problems.length > 0 ? { problems } : { value: found };
}
