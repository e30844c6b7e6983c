import { rpcClient, type Transport } from "@oi/platform/rpc/client";
import { rpc } from "@oi/platform/rpc/errors";
import { LedgerService } from "@oi/proto/ledger/v1/ledger_service";
import type { Transaction } from "@oi/proto/ledger/v1/transaction";
import { exactNumber } from "@oi/proto/public/exact-number";
import { fromTimestamp } from "@oi/proto/public/time";
import type { LedgerRecord } from "../../application/timeline-ports.ts";
import type { LedgerTransaction } from "../../domain/ledger-entry.ts";
import { TIMELINE_LIMIT } from "../../domain/timeline.ts";
import { callOptions, DEADLINE_MS } from "./call-options.ts";
import { required, scopeFields } from "./request-fields.ts";

function toTransaction(message: Transaction): LedgerTransaction {
  return {
    seq: exactNumber(message.seq),
    kind: message.kind,
    recordedAt: fromTimestamp(required(message.recordedAt, "recorded_at")),
    eventId: message.eventId === "" ? null : message.eventId,
    actor: message.actor,
    legs: message.legs.map(({ path, currency, amountMinor }) => ({
      account: path,
      currency,
      amountMinor: exactNumber(amountMinor),
    })),
  };
}

export function rpcLedgerRecord(transport: Transport): LedgerRecord {
  const client = rpcClient(LedgerService, transport);
  return {
    ofPayment: async (scope, paymentId, trace) => {
      const request = {
        book: scopeFields(scope),
        reference: `payment:${paymentId}`,
        pageSize: TIMELINE_LIMIT,
      };
      const options = callOptions(trace, DEADLINE_MS.optionalPart);
      const { transactions, nextPageToken } = await rpc(client.listTransactions(request, options));
      return { transactions: transactions.map(toTransaction), isCut: nextPageToken !== "" };
    },
  };
}
