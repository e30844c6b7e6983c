import { basename, dirname, join } from "node:path/posix";
import { scan } from "./scan.ts";

export type SourceFile = {
  /** From the root of the repository, with slashes. */
  readonly path: string;
  readonly name: string;
  readonly text: string;
  /** Without comments. */
  readonly code: string;
  /** Without comments and without the contents of strings. */
  readonly bare: string;
  readonly imports: readonly Import[];
};

export type Import = {
  /** As written. */
  readonly specifier: string;
  /** From the root of the repository for a relative import, else as written. */
  readonly target: string;
};

/** One rule over one file; returns what is wrong with it, in words. */
export type Rule = (file: SourceFile) => readonly string[];

const IMPORT =
  /\b(?:import|export)\b[^"'`;()]*?\bfrom\s*["']([^"']+)["']|\bimport\s*\(\s*["']([^"']+)["']|\bimport\s+["']([^"']+)["']/g;

export function sourceFile(path: string, text: string): SourceFile {
  const isScript = /\.(ts|mjs)$/.test(path);
  const { code, bare } = isScript ? scan(text) : { code: text, bare: text };
  return {
    path,
    name: basename(path),
    text,
    code,
    bare,
    imports: isScript ? importsOf(path, code, bare) : [],
  };
}

function importsOf(path: string, code: string, bare: string): Import[] {
  // A keyword that is blank in the bare text stands inside a string.
  const statements = [...code.matchAll(IMPORT)].filter(({ index }) => bare.charAt(index) !== " ");
  return statements.map((match) => {
    const specifier = match[1] ?? match[2] ?? match[3] ?? "";
    return { specifier, target: specifier.startsWith(".") ? join(dirname(path), specifier) : specifier };
  });
}

export const isScript = ({ path }: SourceFile): boolean => /\.(ts|mjs)$/.test(path);

/** What only tests load: suites, a port's contract, what lies in a testing folder, and all of e2e and testkit. */
export function isTest({ path }: SourceFile): boolean {
  return /\.(test|contract)\.ts$|\/testing\//.test(path) || /^(e2e|packages\/testkit)\//.test(path);
}

/** `services/payments/…` → `payments`. */
export function serviceOf(path: string): string | null {
  return /^services\/([^/]+)\//.exec(path)?.[1] ?? null;
}

export function linesOf({ text }: SourceFile): number {
  return text.replace(/\n$/, "").split("\n").length;
}

/** Every match of a pattern with its line, for the message. */
export function matches(
  text: string,
  pattern: RegExp,
): readonly { readonly line: number; readonly found: string }[] {
  return [...text.matchAll(pattern)].map((match) => ({
    line: text.slice(0, match.index).split("\n").length,
    found: match[0].trim(),
  }));
}
