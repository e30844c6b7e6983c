import { ANSWER_ROWS } from "./answer-faults.ts";
import { CALLBACK_ROWS } from "./callback-faults.ts";
import { CUSTOMER_ROWS } from "./customer-acts.ts";
import { REFUND_ROWS } from "./refund-faults.ts";
import type { MagicRow } from "./row.ts";

/** Every magic amount: the rules that work are the rows that are documented. They hold for BDT only. */
export const MAGIC_ROWS: readonly MagicRow[] = [
  ...CUSTOMER_ROWS,
  ...CALLBACK_ROWS,
  ...ANSWER_ROWS,
  ...REFUND_ROWS,
];
