import { assert } from "@oi/kernel/assert";
import type { Instant } from "@oi/kernel/instant";
import type { Scope } from "@oi/kernel/scope";
import type { Adjustments } from "../../application/ports.ts";
import { type Adjustment, type AdjustmentState, contentOf } from "../../domain/adjustment.ts";
import { toHex } from "../../domain/canonical-bytes.ts";
import type { MemoryBook } from "./memory-book.ts";

type Kept = { readonly scope: Scope; readonly key: string; adjustment: Adjustment };

const LIFE_MS = 7 * 86_400_000;

export function memoryAdjustments(options: {
  readonly find: (scope: Scope) => MemoryBook | undefined;
  readonly now: () => Instant;
}): Adjustments {
  const { find, now } = options;
  const kept: Kept[] = [];
  const inBook = (one: Kept, scope: Scope): boolean =>
    one.scope.applicationId === scope.applicationId && one.scope.mode === scope.mode;
  const withOutcome = ({ scope, adjustment }: Kept): Adjustment => ({
    ...adjustment,
    state: outcomeOf(find(scope), adjustment),
  });
  return {
    propose: async (scope, { key, content, contentHash, maker, refusal }) => {
      assert(find(scope) !== undefined, "the book was opened");
      const known = kept.find((one) => inBook(one, scope) && one.key === key);
      if (known) {
        const isSame = toHex(known.adjustment.contentHash) === toHex(contentHash);
        return isSame && known.adjustment.maker === maker ? withOutcome(known) : "KEY_CONFLICT";
      }
      const adjustment: Adjustment = {
        id: kept.length + 1,
        content: contentOf(content),
        contentHash,
        maker,
        createdAt: now(),
        expiresAt: now() + LIFE_MS,
        state: refusal ? { status: "INVALID", refusal, decidedAt: now() } : { status: "PROPOSED" },
      };
      kept.push({ scope, key, adjustment });
      return adjustment;
    },
    decide: async (scope, id, decision) => {
      const one = kept[id - 1];
      if (!one || !inBook(one, scope)) return false;
      const { state, maker, expiresAt } = one.adjustment;
      if (state.status !== "PROPOSED" || maker === decision.checker || expiresAt <= now()) return false;
      one.adjustment = { ...one.adjustment, state: { ...decision, decidedAt: now() } };
      return true;
    },
    byId: async (scope, id) => {
      const one = kept[id - 1];
      return one && inBook(one, scope) ? withOutcome(one) : null;
    },
    list: async (scope, { proposedOnly, before, limit }) =>
      kept
        .filter((one) => inBook(one, scope) && (before === null || one.adjustment.id < before))
        .map(withOutcome)
        .filter(({ state }) => !proposedOnly || state.status === "PROPOSED")
        .reverse()
        .slice(0, limit),
    undone: async (afterSeconds, limit) =>
      kept
        .filter((one) => {
          const { state } = withOutcome(one);
          return state.status === "APPROVED" && state.decidedAt < now() - afterSeconds * 1_000;
        })
        .slice(0, limit)
        .map(({ scope, adjustment }) => ({ scope, id: adjustment.id })),
    expire: async (limit) => {
      const late = kept.filter(
        ({ adjustment: { state, expiresAt } }) => state.status === "PROPOSED" && expiresAt < now(),
      );
      for (const one of late.slice(0, limit))
        one.adjustment = { ...one.adjustment, state: { status: "EXPIRED", decidedAt: now() } };
      return Math.min(late.length, limit);
    },
  };
}

/** An approved one is posted or refused when its book says so. */
function outcomeOf(book: MemoryBook | undefined, { id, state }: Adjustment): AdjustmentState {
  const known = state.status === "APPROVED" ? book?.byKey.get(`adjustment:${id}`) : undefined;
  if (state.status !== "APPROVED" || !known) return state;
  const { checker, decidedAt } = state;
  return "seq" in known
    ? { status: "POSTED", seq: known.seq, checker, decidedAt }
    : { status: "REFUSED", code: known.code, checker, decidedAt };
}
