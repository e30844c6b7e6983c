/** A source text twice, line for line: without its comments, and without its comments and the contents of strings. */
export type Scanned = { readonly code: string; readonly bare: string };

type Part = "code" | "comment" | "text";

/** After these a slash begins a regular expression; after anything else it divides. */
const BEFORE_REGEX = /(?:^|[=(,:[!&|?{};+\-*%~^<>]|\b(?:return|typeof|case|in|of|await|yield))\s*$/;

/** Splits TypeScript into code, comments and string contents, well enough to search each of them. */
export function scan(text: string): Scanned {
  let code = "";
  let bare = "";
  for (const [part, piece] of parts(text)) {
    const blank = piece.replace(/[^\n]/g, " ");
    code += part === "comment" ? blank : piece;
    bare += part === "code" ? piece : blank;
  }
  return { code, bare };
}

function* parts(text: string): Generator<readonly [Part, string]> {
  /** For every open `${`, how many braces are open inside it. */
  const depths: number[] = [];
  let at = 0;
  while (at < text.length) {
    const rest = text.slice(at, at + 2);
    const character = rest.charAt(0);
    const depth = depths.at(-1);
    let end = at + 1;
    let part: Part = "code";
    if (rest === "//" || rest === "/*") {
      part = "comment";
      end = rest === "//" ? endOfLine(text, at) : endOf(text, "*/", at + 2);
    } else if (character === '"' || character === "'") {
      part = "text";
      end = endOfQuoted(text, at);
    } else if (character === "/" && BEFORE_REGEX.test(text.slice(Math.max(0, at - 40), at))) {
      part = "text";
      end = endOfRegex(text, at);
    } else if (character === "`" || (character === "}" && depth === 0)) {
      if (character === "}") depths.pop();
      part = "text";
      end = endOfTemplatePart(text, at);
      if (text.slice(end - 2, end) === "${") depths.push(0);
    } else if (depth !== undefined && (character === "{" || character === "}")) {
      depths[depths.length - 1] = depth + (character === "{" ? 1 : -1);
    }
    yield [part, text.slice(at, end)];
    at = end;
  }
}

function endOf(text: string, mark: string, from: number): number {
  const found = text.indexOf(mark, from);
  return found < 0 ? text.length : found + mark.length;
}

function endOfLine(text: string, from: number): number {
  const found = text.indexOf("\n", from);
  return found < 0 ? text.length : found;
}

function endOfQuoted(text: string, from: number): number {
  const quote = text.charAt(from);
  for (let at = from + 1; at < text.length; at++) {
    if (text.charAt(at) === "\\") at++;
    else if (text.charAt(at) === quote || text.charAt(at) === "\n") return at + 1;
  }
  return text.length;
}

function endOfRegex(text: string, from: number): number {
  let isInClass = false;
  for (let at = from + 1; at < text.length; at++) {
    const character = text.charAt(at);
    if (character === "\\") at++;
    else if (character === "\n") return at;
    else if (character === "[") isInClass = true;
    else if (character === "]") isInClass = false;
    else if (character === "/" && !isInClass) return at + 1;
  }
  return text.length;
}

/** From a backtick or a closing brace to the next backtick or `${`. */
function endOfTemplatePart(text: string, from: number): number {
  for (let at = from + 1; at < text.length; at++) {
    if (text.charAt(at) === "\\") at++;
    else if (text.charAt(at) === "`") return at + 1;
    else if (text.slice(at, at + 2) === "${") return at + 2;
  }
  return text.length;
}
