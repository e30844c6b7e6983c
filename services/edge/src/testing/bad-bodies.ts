import { fc } from "@fast-check/vitest";

/** Amounts that are no whole number of at least one, as they stand in a body. */
export const BAD_AMOUNTS = [
  "0",
  "-1",
  "-0",
  "1.0",
  "100.5",
  "1e2",
  "1E+2",
  '"100"',
  "null",
  "true",
  "[]",
  "{}",
  "1e999",
  "1000000000000000",
  "9007199254740993",
  "99999999999999999999999",
  "-1e999",
];

const bytes = (...parts: (string | number[])[]) =>
  Buffer.concat(parts.map((part) => (typeof part === "string" ? Buffer.from(part) : Buffer.from(part))));

/** `good` with something else in front of its last brace. */
const withMore = (good: string, more: string): string => `${good.slice(0, -1)},${more}}`;

/** A good body with an unknown field that nests so deep that the whole has `depth` levels. */
export function nestedBody(good: object, depth: number): string {
  return withMore(JSON.stringify(good), `"x":${"[".repeat(depth - 1)}${"]".repeat(depth - 1)}`);
}

/** What is not the JSON that we take, made from a body that would be good: its name, the body, the field to blame. */
export function badBodies(good: {
  readonly amountMinor: number;
}): readonly [name: string, body: string | Uint8Array, field: string][] {
  const text = JSON.stringify(good);
  return [
    ["is empty", "", "body"],
    ["is only blanks", "  ", "body"],
    ["is cut off", text.slice(0, -1), "body"],
    ["has a comma too many", `${text.slice(0, -1)},}`, "body"],
    ["is an array", "[]", "body"],
    ["is null", "null", "body"],
    ["is a text", '"x"', "body"],
    ["begins with a byte order mark", bytes([0xef, 0xbb, 0xbf], text), "body"],
    ["is UTF-16", Buffer.from(text, "utf16le"), "body"],
    ["holds a byte that is not UTF-8", bytes('{"x":"', [0xff], '"}'), "body"],
    ["holds an overlong form", bytes('{"x":"', [0xc0, 0x80], '"}'), "body"],
    ["holds a surrogate in UTF-8", bytes('{"x":"', [0xed, 0xa0, 0x80], '"}'), "body"],
    ["nests 33 levels deep", nestedBody(good, 33), "body"],
    ["nests without end", "[".repeat(60_000), "body"],
    ["holds __proto__", withMore(text, '"__proto__":{"x":1}'), "body"],
    ["hides __proto__", '{"x":{"\\u005f_proto__":1}}', "body"],
    ["holds NUL in an unknown field", withMore(text, '"x":"\\u0000"'), "x"],
    ["holds NUL in a name", withMore(text, '"x\\u0000":1'), "body"],
    ["holds a lone surrogate", withMore(text, '"x":"\\ud800"'), "x"],
  ];
}

/** A good body with a few bytes of it changed, cut, doubled or moved: mostly JSON, which gets further than noise. */
export function mutatedBodies(good: readonly string[]): fc.Arbitrary<Buffer> {
  return fc
    .tuple(
      fc.constantFrom(...good),
      fc.array(fc.tuple(fc.nat(130), fc.nat(255), fc.nat(3)), { minLength: 1, maxLength: 6 }),
    )
    .map(([text, changes]) => {
      let body: Buffer = Buffer.from(text);
      for (const [at, byte, kind] of changes) {
        const [head, tail] = [body.subarray(0, at), body.subarray(at + 1)];
        if (kind === 0) body = Buffer.concat([head, Buffer.from([byte]), tail]);
        else if (kind === 1) body = Buffer.concat([head, tail]);
        else if (kind === 2) body = Buffer.concat([head, body.subarray(Math.max(0, at - 20))]);
        else body = Buffer.concat([tail, head]);
      }
      return body;
    });
}
