import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Payment } from "../domain/payment.ts";
import { settle } from "../testing/settled.ts";
import { type StoreWorld, scopeOf } from "../testing/store-world.ts";

/** What every receipt store does, whatever it is made of. */
export function receiptStoreContract(name: string, openWorld: () => Promise<StoreWorld>): void {
  describe(`${name}: receipt numbers`, () => {
    let world: StoreWorld;
    beforeAll(async () => {
      world = await openWorld();
    });
    afterAll(() => world[Symbol.asyncDispose]());

    const issue = async ({ id, scope }: Payment): Promise<number> =>
      (await world.receipts.issue(id, scope)).number;

    it("count up from 1 for each application and mode, and stay what they are", async () => {
      const scope = await scopeOf(world);
      const other = { ...scope, mode: "LIVE" as const };
      const payments: Payment[] = [];
      for (const one of [scope, scope, other, await scopeOf(world)]) {
        payments.push((await settle(world, {}, { scope: one })).settled);
      }
      const numbers: number[] = [];
      for (const payment of payments) numbers.push(await issue(payment));
      expect(numbers).toEqual([1, 2, 1, 1]);
      const [first] = payments;
      if (!first) throw new Error("payments were made");
      const again = await world.receipts.issue(first.id, first.scope);
      expect(again).toEqual(await world.receipts.issue(first.id, first.scope));
      expect(again.number).toBe(1);
    });

    it("are given once to parallel first readings, and without a gap", async () => {
      const scope = await scopeOf(world);
      const payments: Payment[] = [];
      for (let i = 0; i < 4; i++) payments.push((await settle(world, {}, { scope })).settled);
      const readings = payments.flatMap((payment) => Array.from({ length: 10 }, () => issue(payment)));
      const numbers = await Promise.all(readings);
      for (let i = 0; i < 4; i++) expect(new Set(numbers.slice(i * 10, i * 10 + 10)).size).toBe(1);
      expect([...new Set(numbers)].sort()).toEqual([1, 2, 3, 4]);
    });
  });
}
