import { beforeEach, describe, expect, it } from "vitest";
import { captured, draft, freshScope, lateMoney, OCCURRED_AT } from "../testing/facts.ts";
import type { LedgerPorts } from "./postings.contract.ts";

const PAYABLE = { path: "Liabilities:Merchant:Payable", currency: "BDT" };

/** What every `LedgerReads` promises. */
export function describeReads(name: string, ports: () => LedgerPorts): void {
  describe(`${name}: reads`, () => {
    let scope = freshScope("TEST");

    beforeEach(async () => {
      scope = freshScope("TEST");
      await ports().books.open(scope);
      const facts = [
        captured({ paymentId: 1 }),
        lateMoney({ paymentId: 1 }),
        captured({ paymentId: 11, settlement: { currency: "USD", grossMinor: 5n, storeMinor: null } }),
      ];
      await ports().postings.post(scope, facts.map(draft));
    });

    it("says when there is no such book", async () => {
      const nowhere = freshScope("TEST");
      expect(await ports().reads.account(nowhere, PAYABLE)).toBeNull();
      expect(await ports().reads.allAccounts(nowhere)).toBeNull();
      const page = { pathPrefix: "", after: null, limit: 1 };
      expect(await ports().reads.accounts(nowhere, page)).toBeNull();
      const list = { reference: "payment:1", ref: null, afterSeq: 0, limit: 9 };
      expect(await ports().reads.transactions(nowhere, list)).toEqual([]);
    });

    it("reads one account, and says when the book has none such", async () => {
      expect(await ports().reads.account(scope, PAYABLE)).toEqual({
        account: {
          ...PAYABLE,
          clearing: false,
          status: "OPEN",
          debitsMinor: 0n,
          creditsMinor: 120_000n,
          version: 2,
        },
        asOfSeq: 3,
      });
      const none = await ports().reads.account(scope, { ...PAYABLE, currency: "EUR" });
      expect(none).toEqual({ account: null, asOfSeq: 3 });
    });

    it("walks the accounts page by page as they are listed at once", async () => {
      const all = (await ports().reads.allAccounts(scope))?.accounts ?? [];
      expect(all.length).toBeGreaterThan(5);
      const walked = [];
      for (let after: { path: string; currency: string } | null = null; ; ) {
        const page = await ports().reads.accounts(scope, { pathPrefix: "", after, limit: 2 });
        expect(page?.asOfSeq).toBe(3);
        if (!page?.accounts.length) break;
        walked.push(...page.accounts);
        after = page.accounts.at(-1) ?? null;
      }
      expect(walked).toEqual(all);
    });

    it("lists only the paths that begin as asked, taken literally", async () => {
      const list = async (pathPrefix: string) =>
        (await ports().reads.accounts(scope, { pathPrefix, after: null, limit: 99 }))?.accounts.map(
          (a) => a.path,
        );
      expect(await list("Equity:")).toEqual(["Equity:Conversion", "Equity:Conversion"]);
      expect(await list("Equity_")).toEqual([]);
      expect(await list("%")).toEqual([]);
    });

    it("lists a reference's transactions by sequence, with their legs", async () => {
      const list = (afterSeq: number) =>
        ports().reads.transactions(scope, { reference: "payment:1", ref: null, afterSeq, limit: 9 });
      const found = await list(0);
      expect(found.map((one) => [one.seq, one.kind, one.key])).toEqual([
        [1, 10, "payment:1:captured"],
        [2, 11, "payment:1:late:55"],
      ]);
      expect(found[0]).toMatchObject({
        rule: 1,
        businessDate: "2026-01-05",
        occurredAt: OCCURRED_AT,
        actor: "payments",
        entries: [{ leg: 1, ref: "payment:1" }, { leg: 2, ref: null }, { leg: 3 }, { leg: 4 }],
      });
      expect((await list(1)).map((one) => one.seq)).toEqual([2]);
    });
  });
}
