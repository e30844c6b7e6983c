import { retold, unheard } from "./heard.ts";
import type { Invariant } from "./invariant.ts";
import { unequalSums } from "./money-sums.ts";
import { falseBodies } from "./told-bodies.ts";
import { disagreements } from "./transactions.ts";

const of = (name: string, title: string, broken: Invariant["broken"]): Invariant => ({
  name,
  title,
  group: "across",
  broken,
});

/** Rules that join databases. Each is read in its own snapshot, so what is young may be half-way. */
export const ACROSS: readonly Invariant[] = [
  of("X1", "every event that was sent was heard, and nothing else", unheard),
  of("X2", "payments and ledger agree about the money of each application", unequalSums),
  of("X3", "each event's body is the payment or refund at that version", falseBodies),
  of(
    "X4",
    "gateway, payments and ledger agree about each transaction, or a difference has an owner",
    disagreements,
  ),
  of("X5", "an event has one type and one version everywhere", retold),
];
