import type { ReceiptStore } from "../../application/get-receipt.ts";
import type { MemoryBook } from "./memory-book.ts";

/** Receipt numbers in memory. */
export function memoryReceiptStore(book: MemoryBook): ReceiptStore {
  return {
    issue: async (paymentId, { applicationId, mode }) => {
      const known = book.receipts.get(paymentId);
      if (known) return known;
      const series = `${applicationId} ${mode}`;
      const issued = [...book.receipts.values()].filter((receipt) => receipt.series === series);
      const receipt = { series, number: issued.length + 1, issuedAt: book.clock.now() };
      book.receipts.set(paymentId, receipt);
      return receipt;
    },
  };
}
