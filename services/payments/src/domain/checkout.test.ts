import { expect, it } from "vitest";
import { differingMoneyOf, lateMoneyOf } from "./checkout.ts";

const late = (receivedMinor: bigint, returnedMinor: bigint, returningMinor: bigint) =>
  lateMoneyOf({ receivedMinor, returnedMinor, returningMinor });

it("says nothing where nothing came late", () => {
  expect(late(0n, 0n, 0n)).toBeNull();
});

it("says returned only when all of it went back", () => {
  expect(late(300n, 300n, 0n)).toEqual({ amountMinor: 300n, state: "RETURNED" });
  expect(late(300n, 299n, 1n)).toEqual({ amountMinor: 300n, state: "RETURNING" });
  expect(late(300n, 0n, 300n)).toEqual({ amountMinor: 300n, state: "RETURNING" });
});

it("says held as soon as some of it is taken up by no refund", () => {
  expect(late(300n, 0n, 0n)).toEqual({ amountMinor: 300n, state: "HELD" });
  expect(late(300n, 100n, 199n)).toEqual({ amountMinor: 300n, state: "HELD" });
});

it.each([
  [{}, null],
  [{ dismissed: 1 }, "SETTLED"],
  [{ undecided: 1, dismissed: 1 }, "HELD"],
  [{ confirmed: 1 }, "HELD"],
  [{ confirmed: 2, returned: 1 }, "HELD"],
  [{ confirmed: 1, returned: 1, undecided: 1 }, "HELD"],
  [{ confirmed: 2, returned: 1, returning: 1 }, "RETURNING"],
  [{ confirmed: 1, returned: 1, dismissed: 1 }, "RETURNED"],
] as const)("says of money that differs, %o, that it is %s", (part, said) => {
  const none = { undecided: 0, dismissed: 0, confirmed: 0, returning: 0, returned: 0 };
  expect(differingMoneyOf({ ...none, ...part })).toBe(said);
});
