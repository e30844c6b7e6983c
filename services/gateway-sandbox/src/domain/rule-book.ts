import type { Instant } from "./dhaka-time.ts";
import type { MagicRow } from "./magic/row.ts";
import type { Match, Operation, PolicyPart, Rule, Subject, TruthPart } from "./rule.ts";

/** A part of a rule that is looked up, and counted, on its own. */
export type PartName = "customer" | "ipn" | "return" | "forged" | "refund" | `reply.${Operation}`;

/** Who asked for a rule; the first of these is the strongest. */
export const RULE_ORIGINS = ["admin", "scenario", "magic"] as const;
export type RuleOrigin = (typeof RULE_ORIGINS)[number];

type Uses = { readonly name: PartName; count: number; firstDueAt: Instant | null };

export type RuleEntry = {
  readonly id: string;
  readonly origin: RuleOrigin;
  readonly rule: Rule;
  /** By part, and by payment where the rule is counted so. */
  readonly uses: Map<string, Uses>;
};

/** A book owns the counts, so that the same rule object can stand in two books. */
export type RuleBook = {
  readonly admin: RuleEntry[];
  readonly scenario: RuleEntry[];
  /** By what they are an amount of, and the amount. */
  readonly magic: ReadonlyMap<string, readonly RuleEntry[]>;
  lastId: number;
};

export type Taken<T> = { readonly ruleId: string; readonly ruleName: string; readonly part: T };

const createEntry = (id: string, origin: RuleOrigin, rule: Rule): RuleEntry => ({
  id,
  origin,
  rule,
  uses: new Map(),
});

export function createRuleBook(magic: readonly MagicRow[] = []): RuleBook {
  const entries = magic.map(
    ({ of, amount, rules }) =>
      [`${of} ${amount}`, rules.map((rule) => createEntry(`magic_${amount}`, "magic", rule))] as const,
  );
  return { admin: [], scenario: [], magic: new Map(entries), lastId: 0 };
}

export function addRule(book: RuleBook, rule: Rule, origin: "admin" | "scenario" = "admin"): RuleEntry {
  book.lastId += 1;
  const entry = createEntry(`rule_${book.lastId}`, origin, rule);
  book[origin].push(entry);
  return entry;
}

export function removeRule(book: RuleBook, id: string): boolean {
  for (const entries of [book.admin, book.scenario]) {
    const at = entries.findIndex((entry) => entry.id === id);
    if (at >= 0) return entries.splice(at, 1).length > 0;
  }
  return false;
}

/** The ids go on, so that an id held from before never means another rule. */
export function clearRules(book: RuleBook): void {
  book.admin.length = 0;
  book.scenario.length = 0;
  for (const entries of book.magic.values()) for (const { uses } of entries) uses.clear();
}

export function listRules(book: RuleBook): readonly RuleEntry[] {
  return [...book.admin, ...book.scenario];
}

const escapeGlob = (glob: string): string =>
  glob
    .split("*")
    .map((text) => text.replace(/[\\^$.|?+()[\]{}]/g, "\\$&"))
    .join(".*");

export function matchesGlob(glob: string, text: string): boolean {
  return glob.includes("*") ? new RegExp(`^${escapeGlob(glob)}$`, "s").test(text) : glob === text;
}

/** Every key of the match has to hold; a rule without a match holds for everything. */
function matchesSubject(match: Match, subject: Subject): boolean {
  const keys = ["tranId", "amount", "email", "storeId"] as const;
  return keys.every((key) => {
    const glob = match[key];
    return glob === undefined || matchesGlob(glob, subject[key]);
  });
}

/** The rules that could apply, strongest first: admin calls, scenario files, magic amounts; among equals the older one. */
function listCandidates(book: RuleBook, subject: Subject): readonly RuleEntry[] {
  const chosen = listRules(book).filter(({ rule }) => matchesSubject(rule.match ?? {}, subject));
  const magic = subject.currency === "BDT" ? book.magic.get(`${subject.of} ${subject.amount}`) : undefined;
  return magic === undefined ? chosen : [...chosen, ...magic];
}

function findUses({ rule, uses }: RuleEntry, name: PartName, unit: string): Uses {
  const key = rule.per === "payment" ? `${name} ${unit}` : name;
  const known = uses.get(key);
  if (known !== undefined) return known;
  const none: Uses = { name, count: 0, firstDueAt: null };
  uses.set(key, none);
  return none;
}

/** Counts one use and tells whether the rule is in force for it. */
function use({ skip = 0, times = Number.POSITIVE_INFINITY, forMs }: Rule, uses: Uses, now: Instant): boolean {
  const isCounted = uses.count >= skip && uses.count < skip + times;
  uses.count += 1;
  if (!isCounted) return false;
  uses.firstDueAt ??= now;
  return forMs === undefined || now < uses.firstDueAt + forMs;
}

/** Looks the first part up that is due, and counts this use with every rule that was asked on the way. */
export function takePart<T>(
  book: RuleBook,
  name: PartName,
  select: (rule: Rule) => T | undefined,
  subject: Subject,
  now: Instant,
): Taken<T> | null {
  for (const entry of listCandidates(book, subject)) {
    const part = select(entry.rule);
    if (part === undefined) continue;
    if (use(entry.rule, findUses(entry, name, subject.unit), now)) {
      return { ruleId: entry.id, ruleName: entry.rule.name ?? entry.id, part };
    }
  }
  return null;
}

/** A look that is not counted: for what does not wear out, and for announcements. */
export function findPart<T>(
  book: RuleBook,
  select: (rule: Rule) => T | undefined,
  subject: Subject,
): T | undefined {
  for (const { rule } of listCandidates(book, subject)) {
    const part = select(rule);
    if (part !== undefined) return part;
  }
  return undefined;
}

/** What the gateway believes does not wear out. */
export function findTruth(book: RuleBook, subject: Subject): TruthPart {
  return findPart(book, (rule) => rule.truth, subject) ?? {};
}

/** Each setting by itself, from the strongest rule that has it. */
export function findPolicy(book: RuleBook, subject: Subject): PolicyPart {
  const policies = listCandidates(book, subject).flatMap(({ rule }) => rule.policy ?? []);
  return Object.assign({}, ...policies.reverse());
}

/** How often each part was looked up, all payments taken together. */
export function countUses({ uses }: RuleEntry): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const { name, count } of uses.values()) counts[name] = (counts[name] ?? 0) + count;
  return counts;
}

/** The names of the rules that concern a payment, for the hosted page to say so. */
export function nameRules(book: RuleBook, subject: Subject): readonly string[] {
  return [...new Set(listCandidates(book, subject).map(({ id, rule }) => rule.name ?? id))];
}
