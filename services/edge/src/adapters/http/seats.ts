import { DomainError } from "@oi/kernel/errors";

/** Places for streams, of which there are only so many. */
export type Seats = {
  /** Raises SERVICE_UNAVAILABLE when there is none for this payment, for this address, or at all. */
  take(reference: string, address: string): Disposable;
};

/** A handful of tabs. */
const PER_REFERENCE = 4;

/** Whoever is sent away asks by polling, which costs a request now and then. */
const RETRY_AFTER_SECONDS = 20;

/**
 * A mobile carrier puts thousands of customers behind one address, so an address is not held to a customer's
 * measure: it may have a quarter of all seats, which is enough that nobody can take them from everybody else.
 */
export function seats(max: number): Seats {
  const perAddress = Math.ceil(max / 4);
  const taken = new Map<string, number>();
  let all = 0;
  const add = (key: string, change: 1 | -1): void => {
    const left = (taken.get(key) ?? 0) + change;
    if (left === 0) taken.delete(key);
    else taken.set(key, left);
  };
  return {
    take: (reference, address) => {
      const ofReference = `reference ${reference}`;
      const ofAddress = `address ${address}`;
      const isFree =
        all < max &&
        (taken.get(ofReference) ?? 0) < PER_REFERENCE &&
        (taken.get(ofAddress) ?? 0) < perAddress;
      if (!isFree) {
        const options = { retryAfterSeconds: RETRY_AFTER_SECONDS };
        throw new DomainError("SERVICE_UNAVAILABLE", "No more live streams are possible.", options);
      }
      const count = (change: 1 | -1): void => {
        all += change;
        add(ofReference, change);
        add(ofAddress, change);
      };
      count(1);
      let isHeld = true;
      return {
        [Symbol.dispose]: () => {
          if (isHeld) count(-1);
          isHeld = false;
        },
      };
    },
  };
}
