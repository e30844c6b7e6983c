import { ACROSS } from "./across.ts";
import type { Group, Invariant, Row, World } from "./invariant.ts";
import { RUN } from "./journals/run-rules.ts";
import { LEDGER } from "./ledger.ts";
import { PAYMENT_HISTORY } from "./payments-history.ts";
import { PAYMENT_MONEY } from "./payments-money.ts";
import { DELIVERIES } from "./webhooks.ts";
import { ENGINE } from "./webhooks-engine.ts";

const GROUPS: readonly Group[] = ["payments", "ledger", "webhooks", "across", "journals"];

/** Every rule, group by group and by number. */
export const CATALOGUE: readonly Invariant[] = [
  ...[...PAYMENT_HISTORY, ...PAYMENT_MONEY, ...LEDGER, ...DELIVERIES, ...ENGINE, ...ACROSS, ...RUN],
].toSorted(
  (a, b) =>
    GROUPS.indexOf(a.group) - GROUPS.indexOf(b.group) || Number(a.name.slice(1)) - Number(b.name.slice(1)),
);

export type Verdict = {
  readonly invariant: Invariant;
  readonly broken: number;
  /** The first of them. */
  readonly rows: readonly Row[];
  /** Differences that somebody takes care of: they break nothing. */
  readonly owned: readonly Row[];
  readonly tookMs: number;
};

const SHOWN = 20;

/** The groups that the given inputs allow: rules across databases need all of them. */
function isAllowed(group: Group, { at, journals }: World): boolean {
  const isWhole = at.payments !== undefined && at.ledger !== undefined && at.webhooks !== undefined;
  if (group === "across") return isWhole;
  if (group === "journals") return isWhole && journals !== null;
  return at[group] !== undefined;
}

/** Judges one rule after the other; whatever number of rows breaks one, only the first are kept. */
export async function* judge(world: World, onBegin?: (name: string) => void): AsyncGenerator<Verdict> {
  for (const invariant of CATALOGUE) {
    if (!isAllowed(invariant.group, world)) continue;
    onBegin?.(invariant.name);
    const fromMs = performance.now();
    const rows: Row[] = [];
    const owned: Row[] = [];
    let broken = 0;
    for await (const row of invariant.broken(world)) {
      const isOwned = typeof row.owner === "string";
      if (!isOwned) broken += 1;
      const kept = isOwned ? owned : rows;
      if (kept.length < SHOWN) kept.push(row);
    }
    yield { invariant, broken, rows, owned, tookMs: performance.now() - fromMs };
  }
}
