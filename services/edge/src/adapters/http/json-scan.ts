/** How deep a body may nest. */
const MAX_DEPTH = 32;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPENERS = [0x5b, 0x7b];
const CLOSERS = [0x5d, 0x7d];

/**
 * Decodes strict UTF-8 and looks for what JSON.parse would swallow: a byte order mark and bottomless nesting. One pass
 * over the text, before anything is built from it. Returns the text, or what is wrong with it.
 */
export function scanJson(bytes: Uint8Array): { readonly text: string } | { readonly problem: string } {
  if (bytes.length === 0) return { problem: "must not be empty" };
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return { problem: "must be UTF-8" };
  }
  if (text.startsWith("\ufeff")) return { problem: "must not begin with a byte order mark" };
  return nestsTooDeep(bytes) ? { problem: `must not nest deeper than ${MAX_DEPTH} levels` } : { text };
}

/** Brackets inside strings do not count. All signs that matter are ASCII, so bytes are enough. */
function nestsTooDeep(bytes: Uint8Array): boolean {
  let depth = 0;
  let quoted = false;
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i] ?? 0;
    if (quoted && byte === BACKSLASH) i++;
    else if (byte === QUOTE) quoted = !quoted;
    else if (quoted) continue;
    else if (OPENERS.includes(byte)) depth++;
    else if (CLOSERS.includes(byte)) depth--;
    if (depth > MAX_DEPTH) return true;
  }
  return false;
}
