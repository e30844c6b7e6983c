import { expect, it } from "vitest";
import { attempted, created, type StoreWorld, scopeOf } from "../testing/store-world.ts";
import type { PaymentFilter } from "./ports.ts";

export const anyPayment: PaymentFilter = {
  customerReference: null,
  reference: null,
  status: null,
  from: null,
  to: null,
  sortBy: "createdAt",
  ascending: false,
  skip: 0,
  limit: 10,
};

/** The part of a payment store's contract that is about lists. */
export function listing(the: () => StoreWorld): void {
  it("lists a customer's payments, newest first, in pages, with the total", async () => {
    const scope = await scopeOf(the());
    const base = the().now();
    const ids: number[] = [];
    for (let i = 0; i < 5; i++) ids.push((await created(the(), { scope, createdAt: base + i * 1_000 })).id);
    await created(the(), { scope, customer: { reference: "other", email: null, phone: null, name: null } });
    const filter = { ...anyPayment, customerReference: "cust-1", skip: 1, limit: 2 };
    const page = await the().payments.list(filter, scope);
    expect(page.total).toBe(5);
    expect(page.payments.map(({ id }) => id)).toEqual([ids[3], ids[2]]);
  });

  it("filters by status, reference and time, and sorts by what is asked", async () => {
    const scope = await scopeOf(the());
    const base = the().now();
    const make = (i: number, amountMinor: bigint) =>
      created(the(), { scope, createdAt: base + i, amount: { amountMinor, currency: "BDT" } });
    const [a, b, c] = [await make(1, 300n), await make(2, 100n), await make(3, 200n)];
    await attempted(the(), b, { createdAt: base });
    const idsOf = async (filter: Partial<PaymentFilter>) => {
      const page = await the().payments.list({ ...anyPayment, ...filter }, scope);
      expect(page.total).toBe(page.payments.length);
      return page.payments.map(({ id }) => id);
    };
    expect(await idsOf({ sortBy: "amountMinor", ascending: true })).toEqual([b.id, c.id, a.id]);
    expect(await idsOf({ ascending: true })).toEqual([a.id, b.id, c.id]);
    expect(await idsOf({ sortBy: "updatedAt" })).toEqual([c.id, b.id, a.id]);
    expect(await idsOf({ reference: c.reference })).toEqual([c.id]);
    expect(await idsOf({ from: base + 2, to: base + 2 })).toEqual([b.id]);
    expect(await idsOf({ status: "SUCCEEDED" })).toEqual([]);
  });
}
