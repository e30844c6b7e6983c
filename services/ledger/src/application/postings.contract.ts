import type { Scope } from "@oi/kernel/scope";
import { beforeEach, describe, expect, it } from "vitest";
import type { Account } from "../domain/account.ts";
import type { Draft } from "../domain/draft.ts";
import { captured, draft, freshEventUuid, freshScope, lateMoney, receivedEvent } from "../testing/facts.ts";
import type { AccountKey, Adjustments, Books, LedgerReads, ParkedEvents, Postings } from "./ports.ts";

export type LedgerPorts = {
  readonly books: Books;
  readonly postings: Postings;
  readonly parkedEvents: ParkedEvents;
  readonly reads: LedgerReads;
  readonly adjustments: Adjustments;
  /** As a person with rights on the tables does it. */
  readonly closeAccount: (scope: Scope, key: AccountKey) => Promise<void>;
};

const summary = (account: Account): readonly unknown[] => [
  account.path,
  account.currency,
  account.debitsMinor - account.creditsMinor,
  account.version,
];

/** The same draft as another event brings it. */
function redelivered(made: Draft): Draft {
  return { ...made, source: { eventUuid: freshEventUuid(), subject: "payments.payment.succeeded" } };
}

/** What every `Postings` promises, with the inbox inside. */
export function describePostings(name: string, ports: () => LedgerPorts): void {
  describe(`${name}: postings`, () => {
    let scope = freshScope();
    const post = (...drafts: Draft[]) => ports().postings.post(scope, drafts);
    const accounts = async () =>
      (await ports().reads.allAccounts(scope))?.accounts.map((one) => summary(one)) ?? [];
    const ofPayment = (id: number) =>
      ports().reads.transactions(scope, { reference: `payment:${id}`, ref: null, afterSeq: 0, limit: 100 });

    beforeEach(async () => {
      scope = freshScope();
      await ports().books.open(scope);
    });

    it("opens a book once", async () => {
      expect(await ports().books.open(scope)).toEqual({ utcOffsetMinutes: 360 });
      expect(await post()).toEqual([]);
      expect(await accounts()).toEqual([]);
    });

    it("posts a draft with its balances", async () => {
      expect(await post(draft(captured()))).toEqual([{ code: "POSTED", seq: 1 }]);
      expect(await accounts()).toEqual([
        ["Assets:Gateway:Sslcommerz:Receivable", "BDT", 58_500n, 2],
        ["Expenses:GatewayFee:Sslcommerz", "BDT", 1_500n, 1],
        ["Liabilities:Merchant:Payable", "BDT", -60_000n, 1],
      ]);
    });

    it("numbers a batch in its order and chains every account's balance", async () => {
      const batch = [captured({ paymentId: 1 }), lateMoney({ paymentId: 1 }), captured({ paymentId: 2 })];
      expect(await post(...batch.map(draft))).toEqual([1, 2, 3].map((seq) => ({ code: "POSTED", seq })));
      const [first, late] = await ofPayment(1);
      expect(
        first?.entries.map((entry) => [entry.leg, entry.balanceAfterMinor, entry.accountVersion]),
      ).toEqual([
        [1, 60_000n, 1],
        [2, -60_000n, 1],
        [3, 1_500n, 1],
        [4, 58_500n, 2],
      ]);
      expect(
        late?.entries.map((entry) => [entry.balanceAfterMinor, entry.accountVersion, entry.ref]),
      ).toEqual([
        [65_400n, 3, "late:55"],
        [-6_900n, 1, "late:55"],
        [1_672n, 2, null],
        [65_228n, 4, "late:55"],
      ]);
    });

    it("absorbs the same event and the same fact under another event", async () => {
      const made = draft(captured());
      await post(made);
      expect(await post(made)).toEqual([{ code: "REPLAYED", seq: 1 }]);
      const again = redelivered(made);
      expect(await post(again)).toEqual([{ code: "REPLAYED", seq: 1 }]);
      expect(await post(again, redelivered(made))).toEqual([1, 1].map((seq) => ({ code: "REPLAYED", seq })));
      expect(await ofPayment(123)).toHaveLength(1);
    });

    it("refuses other content under an event that was posted or passed over, in whatever book", async () => {
      const made = draft(captured());
      const conflict = (seq: number) => [{ code: "IDEMPOTENCY_KEY_CONFLICT", seq }];
      await post(made);
      const altered = captured({ paymentId: 124, source: made.source ?? captured().source });
      expect(await post(draft(altered))).toEqual(conflict(1));
      expect(await post(draft({ ...altered, paymentId: 123, gateway: "other" }))).toEqual(conflict(1));
      const other = freshScope();
      await ports().books.open(other);
      expect(await ports().postings.post(other, [draft(altered)])).toEqual(conflict(0));
      const ignored = captured({ paymentId: 125 });
      await ports().parkedEvents.ignore([receivedEvent({ uuid: ignored.source?.eventUuid ?? "" })]);
      expect(await post(draft(ignored))).toEqual(conflict(0));
      expect(await post(made)).toEqual([{ code: "REPLAYED", seq: 1 }]);
      for (const id of [124, 125]) expect(await ofPayment(id)).toEqual([]);
    });

    it("knows a fact by its content, whatever legs a newer rule would give it", async () => {
      const made = draft(captured());
      await post(made);
      const newer = { ...redelivered(made), rule: 2, legs: made.legs.slice(0, 2) };
      expect(await post(newer)).toEqual([{ code: "REPLAYED", seq: 1 }]);
    });

    it("refuses another fact under a used key, and writes nothing for it", async () => {
      await post(draft(captured()));
      const before = await accounts();
      const other = draft(captured({ gateway: "other" }));
      expect(await post(other)).toEqual([{ code: "IDEMPOTENCY_KEY_CONFLICT", seq: 1 }]);
      expect(await post(draft(captured({ paymentId: 124 })))).toEqual([{ code: "POSTED", seq: 2 }]);
      expect((await accounts()).map(([path]) => path)).toEqual(before.map(([path]) => path));
    });

    it("decides twins inside one batch, equal and differing", async () => {
      const made = draft(captured());
      const other = draft(captured({ gateway: "other" }));
      const next = draft(captured({ paymentId: 124 }));
      expect(await post(made, redelivered(made), made, other, next)).toEqual([
        { code: "POSTED", seq: 1 },
        { code: "REPLAYED", seq: 1 },
        { code: "REPLAYED", seq: 1 },
        { code: "IDEMPOTENCY_KEY_CONFLICT", seq: 1 },
        { code: "POSTED", seq: 2 },
      ]);
    });

    it("keeps the modes of one application apart", async () => {
      const test = { ...scope, mode: "TEST" } as const;
      await ports().books.open(test);
      await post(draft(captured()));
      const made = draft(captured({ scope: test }));
      expect(await ports().postings.post(test, [made])).toEqual([{ code: "POSTED", seq: 1 }]);
      expect((await ports().reads.allAccounts(test))?.asOfSeq).toBe(1);
    });

    it("keeps two currencies of one fact in balance each", async () => {
      await post(draft(captured({ settlement: { currency: "USD", grossMinor: 500n, storeMinor: 490n } })));
      const sums = new Map<unknown, bigint>();
      for (const [, currency, balance] of await accounts()) {
        sums.set(currency, (sums.get(currency) ?? 0n) + (balance as bigint));
      }
      expect([...sums]).toEqual([
        ["USD", 0n],
        ["BDT", 0n],
      ]);
    });

    it("adds up beyond what a floating number holds", async () => {
      const amount = { amountMinor: 999_999_999_999_999n, currency: "BDT" };
      const settlement = { currency: "BDT", grossMinor: amount.amountMinor, storeMinor: null };
      await post(
        ...Array.from({ length: 11 }, (_, i) => draft(captured({ paymentId: i + 1, amount, settlement }))),
      );
      expect((await accounts())[0]?.[2]).toBe(10_999_999_999_999_989n);
    });

    it("keeps texts exactly, whatever is in them", async () => {
      const gatewayTxnId = 'quote " back \\ brace { } comma , নগদ 💸 \u0000';
      await post(draft(captured({ gatewayTxnId })));
      const [posted] = await ofPayment(123);
      expect(JSON.parse(posted?.details ?? "")).toMatchObject({ gatewayTxnId });
    });

    it("parks an event once, and never one that was posted", async () => {
      const { parkedEvents } = ports();
      const event = receivedEvent();
      expect(await parkedEvents.park(event, "FAILED", "x")).toBe(true);
      expect(await parkedEvents.park(event, "FAILED", "x")).toBe(false);
      const made = draft(captured());
      await post(made);
      const posted = receivedEvent({ uuid: made.source?.eventUuid ?? "" });
      expect(await parkedEvents.park(posted, "FAILED", "x")).toBe(false);
    });

    it("reports once what came under the name of a posted event, which stays posted", async () => {
      const { parkedEvents } = ports();
      const made = draft(captured());
      await post(made);
      const event = receivedEvent({ uuid: made.source?.eventUuid ?? "", payload: '{"altered":true}' });
      expect(await parkedEvents.park(event, "KEY_CONFLICT", "x")).toBe(true);
      expect(await parkedEvents.park(event, "KEY_CONFLICT", "x")).toBe(false);
      expect(await post(made)).toEqual([{ code: "REPLAYED", seq: 1 }]);
      expect(await parkedEvents.waiting(event.uuid)).toMatchObject({ event, reason: "KEY_CONFLICT" });
    });

    it("posts a parked event when it comes again and can be posted", async () => {
      const made = draft(captured());
      await ports().parkedEvents.park(receivedEvent({ uuid: made.source?.eventUuid ?? "" }), "FAILED", "x");
      expect(await post(made)).toEqual([{ code: "POSTED", seq: 1 }]);
      expect(await post(made)).toEqual([{ code: "REPLAYED", seq: 1 }]);
    });
  });
}
