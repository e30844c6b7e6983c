import { DomainError, notFound } from "@oi/kernel/errors";
import type { Checkouts, GatewayCallback } from "../../application/ports.ts";
import { type Checkout, isOpen } from "../../domain/checkout.ts";

export type MemoryCheckouts = Checkouts & {
  put(checkout: Checkout): void;
  /** Every session that was opened, in order; the open one is used again. */
  readonly opened: readonly string[];
  readonly callbacks: readonly GatewayCallback[];
};

/** Checkouts of a world with a gateway that always answers. */
export function memoryCheckouts(): MemoryCheckouts {
  const checkouts = new Map<string, Checkout>();
  const opened: string[] = [];
  const callbacks: GatewayCallback[] = [];
  const find = (reference: string): Checkout => {
    const found = checkouts.get(reference);
    if (!found) throw notFound("Payment");
    return found;
  };
  return {
    opened,
    callbacks,
    put: (checkout) => {
      checkouts.set(checkout.reference, checkout);
    },
    byReference: async (reference) => find(reference),
    open: async (reference) => {
      const checkout = find(reference);
      if (!isOpen(checkout.status)) {
        throw new DomainError("INVALID_OPERATION_STATE", "The payment is over.");
      }
      if (!opened.includes(reference)) opened.push(reference);
      checkouts.set(reference, { ...checkout, status: "PENDING" });
      return `https://gateway.example/session/${reference}`;
    },
    recordCallback: async (callback) => {
      if (callback.channel === "return") find(callback.reference);
      callbacks.push(callback);
    },
  };
}
