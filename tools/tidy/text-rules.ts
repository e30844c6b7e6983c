import { isScript, isTest, linesOf, matches, type Rule } from "./source.ts";

const FILE_LINES = 300;
const APP_LINES = 150;
const MAIN_LINES = 20;

const PURE = /^(packages\/kernel\/src|services\/[^/]+\/src\/domain)\//;

/** `Math` may be used for anything but chance, and only by name: taken apart, it would hide what is used. */
const CLOCKS =
  /\bDate\b|\bIntl\b|\btoLocale\w*|\blocaleCompare\b|\bglobalThis\b|\bMath\b(?!\s*\.\s*(?!random\b)\w)(\s*\.\s*random)?/g;

/** The compile of the pure code knows these names, because they are part of the language. */
export const pureCodeHasNoClock: Rule = (file) => {
  if (!PURE.test(file.path) || isTest(file)) return [];
  return matches(file.bare, CLOCKS).map(
    ({ line, found }) => `line ${line}: ${found} in pure code; time, randomness and locale come from outside`,
  );
};

const MAY_READ_ENVIRONMENT = /^services\/[^/]+\/src\/(config|main)\.ts$|^tools\/|^vitest\.config\.ts$/;
/** The variables themselves, or `process` as a whole, from which they could be taken later. */
const ENVIRONMENT = /(?<![.\w])process\b(\s*(\?\.|\.)\s*env\b|(?!\s*(\?\.\s*\w|\.|:|\()))/g;

export const environmentIsReadOnce: Rule = (file) => {
  if (!isScript(file) || isTest(file) || MAY_READ_ENVIRONMENT.test(file.path)) return [];
  const imported = file.imports
    .filter(({ target }) => /^(node:)?process$/.test(target))
    .map(({ specifier }) => `imports ${specifier}; config.ts alone reads the environment`);
  const read = matches(file.bare, ENVIRONMENT).map(
    ({ line }) => `line ${line}: reads process.env; config.ts alone does`,
  );
  return [...imported, ...read];
};

const BUSINESS =
  /\w*(payment|refund|invoice|merchant|ledger|webhook|checkout|sslcommerz|receipt|settlement|customer|payout)\w*/gi;

export const platformKnowsNoBusiness: Rule = (file) => {
  if (!file.path.startsWith("packages/platform/") || isTest(file) || file.name.endsWith(".json")) return [];
  const text = isScript(file) ? file.code : file.text.replace(/--.*$/gm, "");
  const inText = matches(text, BUSINESS).map(({ line, found }) => `line ${line}: business word "${found}"`);
  const inName = matches(file.name, BUSINESS).map(
    ({ found }) => `business word in the file name: "${found}"`,
  );
  return [...inName, ...inText];
};

export const filesAreShort: Rule = (file) => {
  if (!isScript(file)) return [];
  const isService = file.path.startsWith("services/");
  const limit =
    isService && file.name === "app.ts"
      ? APP_LINES
      : isService && file.name === "main.ts"
        ? MAIN_LINES
        : FILE_LINES;
  const lines = linesOf(file);
  return lines > limit ? [`${lines} lines; at most ${limit}`] : [];
};

export const namesAreKebabCase: Rule = (file) => {
  if (!isScript(file)) return [];
  const isFine = file.path.split("/").every((part) => /^\.?[a-z0-9]+(-[a-z0-9]+)*(\.[a-z0-9]+)*$/.test(part));
  return isFine ? [] : ["the path is not in kebab-case"];
};

const SUFFIXES = /^[^.]+(\.(test|int\.test|e2e\.test|contract|config|d))?\.(ts|mjs)$/;

/** The suffix decides which suite runs a file; an unknown one would be run by none. */
export const suffixesAreKnown: Rule = (file) => {
  if (!isScript(file)) return [];
  const problems: string[] = [];
  if (!SUFFIXES.test(file.name))
    problems.push("unknown suffix; tests end in .test.ts, .int.test.ts or .e2e.test.ts");
  if (file.name.endsWith(".e2e.test.ts") !== (file.path.startsWith("e2e/") && file.name.endsWith(".test.ts")))
    problems.push("the tests of e2e/ are named .e2e.test.ts, and no others are");
  const runsTests = file.imports.some(({ target }) => target === "vitest" || target === "@fast-check/vitest");
  if (runsTests && !isTest(file) && !file.path.startsWith("tools/"))
    problems.push("imports vitest, but its name does not say that it is a test");
  return problems;
};

export const thereAreNoBarrels: Rule = (file) => {
  if (!isScript(file)) return [];
  const isIndex = /^index\.(ts|mjs)$/.test(file.name) ? ["an index file hides where things are"] : [];
  const stars = matches(file.bare, /\bexport\s*\*/g).map(({ line }) => `line ${line}: export * hides names`);
  return [...isIndex, ...stars];
};

export const exportsAreNamed: Rule = (file) => {
  if (!isScript(file) || file.name === "vitest.config.ts") return [];
  return matches(file.bare, /\bexport\s+default\b|\bas\s+default\b/g).map(
    ({ line }) => `line ${line}: default export; exports have names`,
  );
};

/** Written in two halves, so that this file keeps its own rule. */
const UNFINISHED = new RegExp(
  `\\b(${["TO", "FIX"].map((half) => `${half}${half === "TO" ? "DO" : "ME"}`).join("|")})\\b`,
  "g",
);

export const nothingIsLeftUndone: Rule = (file) => {
  if (!/\.(ts|mjs|sql|proto|ya?ml|sh)$/.test(file.path)) return [];
  return matches(file.text, UNFINISHED).map(
    ({ line, found }) => `line ${line}: ${found}; finish it or open an issue`,
  );
};

export const migrationsSayWhy: Rule = (file) => {
  if (!/(^|\/)migrations\/[^/]+\.sql$/.test(file.path)) return [];
  const problems: string[] = [];
  if (!/^\d{4}_[a-z0-9]+(_[a-z0-9]+)+\.sql$/.test(file.name))
    problems.push("a migration is named NNNN_verb_noun.sql");
  if (!/^-- \S/.test(file.text))
    problems.push("the first line is a comment that says what the migration does");
  return problems;
};

const MACHINE_PATH = /(?<![\w.@:/$}~-])\/(home|Users|root|work)\/[\w.-]+|\b[A-Z]:\\Users\\/g;

export const pathsAreRelative: Rule = (file) => {
  return matches(file.text, MACHINE_PATH).map(
    ({ line, found }) => `line ${line}: ${found} is a path of one machine only`,
  );
};

/** Equality stops at the first byte that differs, and so tells a forger how much was right. Words of our own may be compared. */
const HASTY =
  /\b\w*(digest|hmac|signature)\w*(\([^()]*\))?\s*[!=]==?(?!\s*(["'`=]|null\b|undefined\b))|[!=]==?\s*\w*(digest|hmac|signature)\w*/gi;

export const digestsAreComparedInConstantTime: Rule = (file) => {
  if (!/^(services|packages)\/[^/]+\/src\/.*\.ts$/.test(file.path) || isTest(file)) return [];
  return matches(file.code, HASTY).map(
    ({ line, found }) => `line ${line}: ${found} compares a digest by equality; use timingSafeEqual`,
  );
};

export const TEXT_RULES: Readonly<Record<string, Rule>> = {
  pureCodeHasNoClock,
  environmentIsReadOnce,
  platformKnowsNoBusiness,
  filesAreShort,
  namesAreKebabCase,
  suffixesAreKnown,
  thereAreNoBarrels,
  exportsAreNamed,
  nothingIsLeftUndone,
  migrationsSayWhy,
  pathsAreRelative,
  digestsAreComparedInConstantTime,
};
