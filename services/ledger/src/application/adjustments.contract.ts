import { beforeEach, describe, expect, it } from "vitest";
import { nodeSha256 } from "../adapters/node/sha256.ts";
import { contentHash, type Refusal } from "../domain/adjustment.ts";
import { freshScope, unique } from "../testing/facts.ts";
import type { Adjustments } from "./ports.ts";
import type { LedgerPorts } from "./postings.contract.ts";

const REFUSAL: Refusal = {
  reason: "VALIDATION_ERROR",
  message: "legs: are out of balance by 1 BDT",
  metadata: { cause: "UNBALANCED_LEGS" },
  fields: { legs: "are out of balance by 1 BDT" },
};

function contentText(reason: string): string {
  const rest = { businessDate: null, conditions: [], legs: [] };
  return JSON.stringify({ ...rest, reason, reference: null, reverseSeq: 1 });
}

/** What every `Adjustments` promises. */
export function describeAdjustments(name: string, ports: () => LedgerPorts): void {
  describe(`${name}: adjustments`, () => {
    let scope = freshScope();
    let adjustments: Adjustments;

    beforeEach(async () => {
      scope = freshScope();
      ({ adjustments } = ports());
      await ports().books.open(scope);
    });

    const propose = async (
      key: string,
      changes: { readonly reason?: string; readonly maker?: string; readonly refusal?: Refusal } = {},
    ) => {
      const { reason = "agreed with the merchant", maker = "anik", refusal = null } = changes;
      const content = contentText(reason);
      return adjustments.propose(scope, {
        ...{ key, content, maker, refusal },
        contentHash: contentHash(content, nodeSha256),
      });
    };
    const kept = async (key: string, changes?: Parameters<typeof propose>[1]) => {
      const one = await propose(key, changes);
      if (one === "KEY_CONFLICT") throw new Error(`${key} was used`);
      return one;
    };

    it("keeps a proposal under its key, for the same maker and content", async () => {
      const first = await kept("a");
      expect(first).toMatchObject({ maker: "anik", state: { status: "PROPOSED" } });
      expect(first.expiresAt - first.createdAt).toBe(7 * 86_400_000);
      expect(await propose("a")).toEqual(first);
      expect(await propose("a", { reason: "another reason" })).toBe("KEY_CONFLICT");
      expect(await propose("a", { maker: "eve" })).toBe("KEY_CONFLICT");
      expect((await kept("b")).id).not.toBe(first.id);
    });

    it("keeps what cannot be posted with the reason, for ever", async () => {
      const refused = await kept("bad", { refusal: REFUSAL });
      expect(refused.state).toMatchObject({ status: "INVALID", refusal: REFUSAL });
      // Whatever is thought of it later.
      expect(await propose("bad")).toEqual(refused);
      expect(await adjustments.decide(scope, refused.id, { status: "APPROVED", checker: "bela" })).toBe(
        false,
      );
      expect(await adjustments.byId(scope, refused.id)).toEqual(refused);
      const page = { before: null, limit: 10 };
      expect(await adjustments.list(scope, { ...page, proposedOnly: false })).toEqual([refused]);
      expect(await adjustments.list(scope, { ...page, proposedOnly: true })).toEqual([]);
    });

    it("is decided once, by somebody else than the maker", async () => {
      const { id } = await kept("a");
      expect(await adjustments.decide(scope, id, { status: "APPROVED", checker: "anik" })).toBe(false);
      expect(await adjustments.decide(scope, id, { status: "DECLINED", checker: "bela", why: "no" })).toBe(
        true,
      );
      expect(await adjustments.decide(scope, id, { status: "APPROVED", checker: "cemal" })).toBe(false);
      expect((await adjustments.byId(scope, id))?.state).toMatchObject({ status: "DECLINED", why: "no" });
    });

    it("belongs to its own book, and is listed there, newest first", async () => {
      const ids: number[] = [];
      for (const key of ["a", "b", "c"]) ids.unshift((await kept(key)).id);
      const list = async (before: number | null) =>
        (await adjustments.list(scope, { proposedOnly: true, before, limit: 2 })).map(({ id }) => id);
      expect(await list(null)).toEqual(ids.slice(0, 2));
      expect(await list(ids[1] ?? 0)).toEqual(ids.slice(2));
      const other = { applicationId: unique(), mode: scope.mode };
      expect(await adjustments.byId(other, ids[0] ?? 0)).toBeNull();
      const approval = { status: "APPROVED", checker: "bela" } as const;
      expect(await adjustments.decide(other, ids[0] ?? 0, approval)).toBe(false);
    });
  });
}
