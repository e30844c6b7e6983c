import {
  type AdjustPorts,
  approveAdjustment,
  declineAdjustment,
  proposeAdjustment,
  sweepAdjustments,
} from "./adjust.ts";
import { exportBook } from "./export-book.ts";
import { getBalance } from "./get-balance.ts";
import { getStatement } from "./get-statement.ts";
import { getTrialBalance } from "./get-trial-balance.ts";
import { listAccounts } from "./list-accounts.ts";
import { listOpenItems } from "./list-open-items.ts";
import { listTransactions } from "./list-transactions.ts";
import type { BookSnapshots, IntegrityAlarms, ParkedEvents, ReceivedEvent } from "./ports.ts";
import { type ReadEvent, recordFacts } from "./record-facts.ts";
import { retryParkedEvent } from "./retry-parked-event.ts";
import { verifyBook } from "./verify-book.ts";

export type AllPorts = AdjustPorts & {
  readonly parkedEvents: ParkedEvents;
  readonly snapshots: BookSnapshots;
  readonly alarms: IntegrityAlarms;
  /** Reads an event of `payments`; null when it is none that the ledger posts. */
  readonly read: (event: ReceivedEvent) => ReadEvent | null;
};

/** Everything that the ledger can do, over whatever its ports are made of. */
export function useCases(ports: AllPorts) {
  return {
    recordFacts: recordFacts(ports),
    retryParkedEvent: retryParkedEvent(ports),
    getBalance: getBalance(ports),
    getStatement: getStatement(ports),
    listAccounts: listAccounts(ports),
    listOpenItems: listOpenItems(ports),
    listTransactions: listTransactions(ports),
    getTrialBalance: getTrialBalance(ports),
    verifyBook: verifyBook(ports),
    exportBook: exportBook(ports),
    propose: proposeAdjustment(ports),
    approve: approveAdjustment(ports),
    decline: declineAdjustment(ports),
    sweepAdjustments: sweepAdjustments(ports),
  };
}
