import { ownFault } from "./failure.ts";

type Slots = { free: number; readonly waiting: Set<() => void> };

/** Bounds what is in flight to one address; one that many names share cannot take everything. */
export type AddressSlots = {
  /** Resolves with what frees the slot. Raises ELOCAL when none is free within the limit. */
  take(address: string): Promise<() => void>;
};

export function createAddressSlots({
  perAddress,
  waitMs,
}: {
  readonly perAddress: number;
  readonly waitMs: number;
}): AddressSlots {
  const all = new Map<string, Slots>();
  const leave = (address: string, slots: Slots): void => {
    const [next] = slots.waiting;
    if (next) {
      slots.waiting.delete(next);
      next();
      return;
    }
    slots.free += 1;
    if (slots.free === perAddress) all.delete(address);
  };
  return {
    take: async (address) => {
      const slots = all.get(address) ?? { free: perAddress, waiting: new Set() };
      all.set(address, slots);
      if (slots.free > 0) slots.free -= 1;
      else
        await new Promise<void>((resolve, reject) => {
          const start = (): void => {
            clearTimeout(timer);
            resolve();
          };
          const timer = setTimeout(() => {
            slots.waiting.delete(start);
            reject(ownFault("too many requests to one address"));
          }, waitMs);
          slots.waiting.add(start);
        });
      return () => leave(address, slots);
    },
  };
}
