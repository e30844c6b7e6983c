import { readEvent } from "../adapters/events/read-event.ts";
import type { MemoryLedger } from "../adapters/memory/memory-ledger.ts";
import { nodeSha256, sha256Stream } from "../adapters/node/sha256.ts";
import type { LedgerUseCases } from "../adapters/rpc/ledger-service.ts";
import { exportBook } from "../application/export-book.ts";
import { getBalance } from "../application/get-balance.ts";
import { getStatement } from "../application/get-statement.ts";
import { getTrialBalance } from "../application/get-trial-balance.ts";
import { listAccounts } from "../application/list-accounts.ts";
import { listOpenItems } from "../application/list-open-items.ts";
import { listTransactions } from "../application/list-transactions.ts";
import type { BookSnapshots } from "../application/ports.ts";
import { retryParkedEvent } from "../application/retry-parked-event.ts";
import { verifyBook } from "../application/verify-book.ts";

/** Only a real database has snapshots to prove; tests that need one give their own. */
const NO_SNAPSHOTS: BookSnapshots = { open: async () => null };

export function memoryUseCases(
  ledger: MemoryLedger,
  snapshots: BookSnapshots = NO_SNAPSHOTS,
): LedgerUseCases {
  const ports = {
    ...ledger,
    snapshots,
    alarms: { raise: async () => {} },
    sha256: nodeSha256,
    read: (event: Parameters<typeof readEvent>[0]) => readEvent(event, nodeSha256),
  };
  return {
    ...ledger,
    getBalance: getBalance(ports),
    getStatement: getStatement(ports),
    listAccounts: listAccounts(ports),
    listOpenItems: listOpenItems(ports),
    listTransactions: listTransactions(ports),
    getTrialBalance: getTrialBalance(ports),
    verifyBook: verifyBook(ports),
    exportBook: exportBook(ports),
    retryParkedEvent: retryParkedEvent(ports),
    hashStream: sha256Stream,
  };
}
