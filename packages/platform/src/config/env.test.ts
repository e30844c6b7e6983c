import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import { afterAll, describe, expect, it } from "vitest";
import { ConfigError, type Env, type EnvReader, readEnv, Secret } from "./env.ts";

const folder = mkdtempSync(join(tmpdir(), "oi-env-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

function problemsOf(env: Env, build: (read: EnvReader) => unknown): readonly string[] {
  try {
    readEnv(env, (read) => ({ value: build(read) }));
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}

const readOne = (env: Env, build: (read: EnvReader) => unknown): unknown =>
  readEnv(env, (read) => ({ value: build(read) })).value;

describe("problems", () => {
  it("come all at once, each with the name of its variable", () => {
    const env = { PORT: "eighty", LEVEL: "loud", FLAG: "perhaps", DB_URL: "mysql://somewhere", RATE: "1e9" };
    const problems = problemsOf(env, (read) => [
      read.text("MISSING"),
      read.secret("ALSO_MISSING"),
      read.integer("PORT", 80, { min: 0, max: 65_535 }),
      read.choice("LEVEL", ["low", "high"], "low"),
      read.flag("FLAG", false),
      read.url("DB_URL", ["postgres", "postgresql"]),
      read.decimal("RATE", 1, { min: 0 }),
      read.problem("A and B: exclude each other"),
    ]);
    expect(problems).toEqual([
      "MISSING: is required",
      "ALSO_MISSING: is required",
      'PORT: must be a whole number from 0 to 65535, is "eighty"',
      'LEVEL: must be one of low, high, is "loud"',
      'FLAG: must be on or off, is "perhaps"',
      "DB_URL: must be a URL that begins with postgres:// or postgresql://",
      'RATE: must be a decimal number of at least 0, is "1e9"',
      "A and B: exclude each other",
    ]);
  });

  it("are all in the message of the error", () => {
    expect(() => readEnv({}, (read) => ({ a: read.text("ONE"), b: read.text("TWO") }))).toThrow(
      /ONE: is required\n {2}TWO: is required/,
    );
  });
});

describe("values", () => {
  it("are absent when empty", () => {
    const env = { NAME: "", PORT: "", FLAG: "", LIST: "", SECRET: "" };
    expect(readOne(env, (read) => read.optionalText("NAME"))).toBeUndefined();
    expect(readOne(env, (read) => read.optionalSecret("SECRET"))).toBeUndefined();
    expect(readOne(env, (read) => read.integer("PORT", 80))).toBe(80);
    expect(readOne(env, (read) => read.flag("FLAG", true))).toBe(true);
    expect(readOne(env, (read) => read.list("LIST", ["a"]))).toEqual(["a"]);
    expect(problemsOf(env, (read) => read.text("NAME"))).toEqual(["NAME: is required"]);
  });

  it.each([
    ["0", 0],
    ["10", 10],
    ["11", null],
    ["-1", null],
    ["1.5", null],
    ["1e1", null],
    ["0x1", null],
    [" 5", null],
    ["9999999999999999", null],
  ])("of whole numbers lie within their bounds: %s", (text, value) => {
    const build = (read: EnvReader): number => read.integer("N", 3, { min: 0, max: 10 });
    expect(problemsOf({ N: text }, build)).toHaveLength(value === null ? 1 : 0);
    if (value !== null) expect(readOne({ N: text }, build)).toBe(value);
  });

  it("of decimals keep their fraction", () => {
    expect(readOne({ N: "0.25" }, (read) => read.decimal("N", 1))).toBe(0.25);
    expect(problemsOf({ N: ".5" }, (read) => read.decimal("N", 1))).toHaveLength(1);
    expect(problemsOf({ N: "2" }, (read) => read.decimal("N", 1, { max: 1 }))).toEqual([
      'N: must be a decimal number of at most 1, is "2"',
    ]);
  });

  it.each([
    ["on", true],
    ["TRUE", true],
    ["1", true],
    ["off", false],
    ["False", false],
    ["0", false],
  ])("of flags have the usual spellings: %s", (text, value) => {
    expect(readOne({ F: text }, (read) => read.flag("F", !value))).toBe(value);
  });

  it("of lists are trimmed and never empty", () => {
    expect(readOne({ L: " a, ,b,, c " }, (read) => read.list("L"))).toEqual(["a", "b", "c"]);
    expect(readOne({}, (read) => read.list("L"))).toEqual([]);
  });

  it("cannot be changed afterwards", () => {
    expect(Object.isFrozen(readEnv({}, (read) => ({ a: read.text("A", "x") })))).toBe(true);
  });
});

describe("a file named by NAME_FILE", () => {
  it("gives the value without the newline that editors add", () => {
    const env = { KEY_FILE: file("key", " s3cret\r\n") };
    expect(readOne(env, (read) => read.secret("KEY").reveal())).toBe(" s3cret");
  });

  it("gives way to the variable itself", () => {
    const env = { KEY: "near", KEY_FILE: file("far", "far") };
    expect(readOne(env, (read) => read.text("KEY"))).toBe("near");
  });

  it("counts as absent when it holds nothing", () => {
    const env = { KEY_FILE: file("empty", "\n") };
    expect(problemsOf(env, (read) => read.secret("KEY"))).toEqual(["KEY: is required"]);
    expect(readOne(env, (read) => read.optionalText("KEY"))).toBeUndefined();
    expect(readOne(env, (read) => read.text("KEY", "fallback"))).toBe("fallback");
  });

  it("is a problem when it cannot be read", () => {
    const env = { KEY_FILE: join(folder, "nowhere") };
    expect(problemsOf(env, (read) => read.optionalSecret("KEY"))).toEqual([
      `KEY_FILE: the file ${join(folder, "nowhere")} cannot be read`,
    ]);
    expect(problemsOf({ KEY_FILE: folder }, (read) => read.optionalText("KEY"))).toHaveLength(1);
  });
});

describe("a secret", () => {
  const secret = new Secret("hunter2");

  it("prints itself nowhere", () => {
    const texts = [
      String(secret),
      `${secret}`,
      JSON.stringify({ nested: { secret } }),
      inspect(secret),
      inspect({ nested: { secret } }, { depth: 9, showHidden: true }),
      new Error(`cannot use ${secret}`).message,
    ];
    for (const text of texts) {
      expect(text).not.toContain("hunter2");
      expect(text).toContain("[secret]");
    }
    expect(Object.values(secret)).toEqual([]);
    expect(secret.reveal()).toBe("hunter2");
  });

  it("is in no message of a configuration that is wrong elsewhere", () => {
    const env = { KEY: "hunter2", DB_URL: "http://user:hunter2@db/name", PORT: "x" };
    const build = (read: EnvReader): object => ({
      key: read.secret("KEY"),
      url: read.url("DB_URL", ["postgres"]),
      port: read.integer("PORT", 1),
    });
    expect.assertions(3);
    try {
      readEnv(env, build);
    } catch (error) {
      expect(String(error)).not.toContain("hunter2");
      expect(inspect(error, { depth: 9 })).not.toContain("hunter2");
      expect(JSON.stringify(error)).not.toContain("hunter2");
    }
  });
});

it("shows no URL, because URLs hold passwords", () => {
  for (const text of ["postgres//u:pw@h/d", "http://u:pw@h/d", "u:pw@h"]) {
    const [problem, ...others] = problemsOf({ U: text }, (read) => read.url("U", ["postgres"]));
    expect(others).toEqual([]);
    expect(problem).toBe("U: must be a URL that begins with postgres://");
  }
});
