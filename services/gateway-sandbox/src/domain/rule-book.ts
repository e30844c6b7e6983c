import type { Operation, Rule, Subject } from "./rule.ts";

/** A part of a rule that is looked up, and counted, on its own. */
export type PartName = "customer" | "ipn" | "return" | "truth" | `reply.${Operation}`;

export type RuleEntry = {
  readonly id: string;
  readonly rule: Rule;
  readonly uses: Map<PartName, number>;
};

/** A book owns the counts, so that the same rule object can stand in two books. */
export type RuleBook = { readonly entries: RuleEntry[]; lastId: number };

export type Taken<T> = { readonly ruleId: string; readonly ruleName: string; readonly part: T };

export function createRuleBook(): RuleBook {
  return { entries: [], lastId: 0 };
}

export function addRule(book: RuleBook, rule: Rule): RuleEntry {
  book.lastId += 1;
  const entry: RuleEntry = { id: `rule_${book.lastId}`, rule, uses: new Map() };
  book.entries.push(entry);
  return entry;
}

export function removeRule(book: RuleBook, id: string): boolean {
  const at = book.entries.findIndex((entry) => entry.id === id);
  if (at < 0) return false;
  book.entries.splice(at, 1);
  return true;
}

const escapeGlob = (glob: string): string =>
  glob
    .split("*")
    .map((text) => text.replace(/[\\^$.|?+()[\]{}]/g, "\\$&"))
    .join(".*");

export function matchesGlob(glob: string, text: string): boolean {
  return new RegExp(`^${escapeGlob(glob)}$`, "s").test(text);
}

/** Every key of the match has to hold; a rule without a match holds for everything. */
function matchesSubject({ match = {} }: Rule, subject: Subject): boolean {
  const keys = ["tranId", "amount", "email", "storeId"] as const;
  return keys.every((key) => {
    const glob = match[key];
    return glob === undefined || matchesGlob(glob, subject[key]);
  });
}

/**
 * The rules that could apply, strongest first: within the book the older one wins. Scenario files and magic amounts join
 * here, behind the rules of the admin calls.
 */
function listCandidates(book: RuleBook, subject: Subject): readonly RuleEntry[] {
  return book.entries.filter(({ rule }) => matchesSubject(rule, subject));
}

const isDue = ({ rule, uses }: RuleEntry, name: PartName): boolean => {
  const used = uses.get(name) ?? 0;
  const skip = rule.skip ?? 0;
  return used >= skip && used < skip + (rule.times ?? Number.POSITIVE_INFINITY);
};

/** Looks the first part up that is due, and counts this use with every rule that was asked on the way. */
export function takePart<T>(
  book: RuleBook,
  name: PartName,
  select: (rule: Rule) => T | undefined,
  subject: Subject,
): Taken<T> | null {
  for (const entry of listCandidates(book, subject)) {
    const part = select(entry.rule);
    if (part === undefined) continue;
    const due = isDue(entry, name);
    entry.uses.set(name, (entry.uses.get(name) ?? 0) + 1);
    if (due) return { ruleId: entry.id, ruleName: entry.rule.name ?? entry.id, part };
  }
  return null;
}

/** What the gateway believes does not wear out, so this look is not counted. */
export function findTruth(book: RuleBook, subject: Subject): Rule["truth"] | null {
  return listCandidates(book, subject).find(({ rule }) => rule.truth !== undefined)?.rule.truth ?? null;
}

/** The names of the rules that concern a payment, for the hosted page to say so. */
export function nameRules(book: RuleBook, subject: Subject): readonly string[] {
  return listCandidates(book, subject).map(({ id, rule }) => rule.name ?? id);
}
