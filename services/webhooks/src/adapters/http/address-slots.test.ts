import { expect, it } from "vitest";
import { createAddressSlots } from "./address-slots.ts";

it("lets so many in per address, and others wait for the first that leaves", async () => {
  const slots = createAddressSlots({ perAddress: 2, waitMs: 1_000 });
  const first = await slots.take("192.0.2.1");
  await slots.take("192.0.2.1");
  await slots.take("192.0.2.2");
  let isIn = false;
  const third = slots.take("192.0.2.1").then((leave) => {
    isIn = true;
    return leave;
  });
  await Promise.resolve();
  expect(isIn).toBe(false);
  first();
  (await third)();
  expect(isIn).toBe(true);
});

it("gives up after its limit, as a fault of our own", async () => {
  const slots = createAddressSlots({ perAddress: 1, waitMs: 20 });
  const leave = await slots.take("192.0.2.1");
  await expect(slots.take("192.0.2.1")).rejects.toMatchObject({ code: "ELOCAL" });
  leave();
  (await slots.take("192.0.2.1"))();
});
