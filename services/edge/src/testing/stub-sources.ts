import type { MessageInitShape } from "@bufbuild/protobuf";
import { inMemoryTransport, type Transport } from "@oi/platform/rpc/client";
import { mountService } from "@oi/platform/rpc/service";
import { silentLogger } from "@oi/platform/telemetry/logger";
import { LedgerService, type ListTransactionsRequest } from "@oi/proto/ledger/v1/ledger_service";
import type { TransactionSchema } from "@oi/proto/ledger/v1/transaction";
import { toTimestamp } from "@oi/proto/public/time";
import type { AttemptSchema } from "@oi/proto/webhooks/v1/attempt";
import {
  DeliveriesService,
  type ListAttemptsRequest,
  type ListDeliveriesRequest,
} from "@oi/proto/webhooks/v1/deliveries_service";
import { type DeliverySchema, DeliveryStatus } from "@oi/proto/webhooks/v1/delivery";
import { withUnused } from "./with-unused.ts";

type Transaction = MessageInitShape<typeof TransactionSchema>;
type Delivery = MessageInitShape<typeof DeliverySchema>;
type Attempt = MessageInitShape<typeof AttemptSchema>;

/** What can be wrong with a service that a timeline can do without. */
type Trouble = {
  /** Raised by every call while it is set. */
  failure: unknown;
  /** Awaited by every call while it is set. */
  gate: (() => Promise<void>) | null;
};

export type StubLedger = Trouble & {
  readonly transport: Transport;
  readonly asked: ListTransactionsRequest[];
  transactions: readonly Transaction[];
  nextPageToken: string;
};

export type StubWebhooks = Trouble & {
  readonly transport: Transport;
  readonly asked: (ListDeliveriesRequest | ListAttemptsRequest)[];
  /** Newest first, as they are listed. */
  deliveries: readonly Delivery[];
  attempts: readonly Attempt[];
};

async function bear({ gate, failure }: Trouble): Promise<void> {
  await gate?.();
  if (failure !== null) throw failure;
}

export function stubLedger(): StubLedger {
  const stub: Omit<StubLedger, "transport"> = {
    failure: null,
    gate: null,
    asked: [],
    transactions: [],
    nextPageToken: "",
  };
  const service = withUnused(LedgerService, {
    listTransactions: async (request) => {
      stub.asked.push(request);
      await bear(stub);
      return { transactions: [...stub.transactions], nextPageToken: stub.nextPageToken };
    },
  });
  const transport = inMemoryTransport([mountService(LedgerService, service, silentLogger())]);
  return Object.assign(stub, { transport });
}

/** One page of a list; the token is the place where the next one begins. */
function pageOf<T>(items: readonly T[], { pageSize, pageToken }: { pageSize: number; pageToken: string }) {
  const start = Number(pageToken);
  const end = start + pageSize;
  return { items: items.slice(start, end), nextPageToken: end < items.length ? String(end) : "" };
}

export function stubWebhooks(): StubWebhooks {
  const stub: Omit<StubWebhooks, "transport"> = {
    failure: null,
    gate: null,
    asked: [],
    deliveries: [],
    attempts: [],
  };
  const service = withUnused(DeliveriesService, {
    listDeliveries: async (request) => {
      stub.asked.push(request);
      await bear(stub);
      const { items, nextPageToken } = pageOf(stub.deliveries, request);
      return { deliveries: items, nextPageToken };
    },
    listAttempts: async (request) => {
      stub.asked.push(request);
      await bear(stub);
      const { items, nextPageToken } = pageOf(stub.attempts, request);
      return { attempts: items, nextPageToken };
    },
  });
  const transport = inMemoryTransport([mountService(DeliveriesService, service, silentLogger())]);
  return Object.assign(stub, { transport });
}

export const EVENT_ID = "evt_0197390d7d0a7c4e8f10a2b3c4d5e6f7";

export function transactionAt(at: number, part: Partial<Transaction> = {}): Transaction {
  return {
    seq: 4n,
    kind: "CAPTURE",
    recordedAt: toTimestamp(at),
    reference: "payment:100",
    eventId: EVENT_ID,
    actor: "payments",
    legs: [
      { leg: 1, path: "Assets:Gateway:Sslcommerz:Receivable", currency: "BDT", amountMinor: 10_000n },
      { leg: 2, path: "Liabilities:Merchant:Payable", currency: "BDT", amountMinor: -10_000n },
    ],
    ...part,
  } as Transaction;
}

export function deliveryAt(at: number, part: Partial<Delivery> = {}): Delivery {
  return {
    id: 9n,
    endpointId: 2n,
    eventId: EVENT_ID,
    type: "payment.succeeded",
    deliveryStatus: DeliveryStatus.PENDING,
    attempts: 1,
    createdAt: toTimestamp(at),
    nextAttemptAt: toTimestamp(at + 5_000),
    payload: '{"secret":"body"}',
    ...part,
  } as Delivery;
}

export function attemptAt(at: number, part: Partial<Attempt> = {}): Attempt {
  return {
    deliveryId: 9n,
    number: 1,
    host: "shop.example:443",
    claimedAt: toTimestamp(at),
    outcome: "HTTP",
    status: 503,
    error: "HTTP_STATUS",
    totalMs: 31,
    remoteAddress: "192.0.2.77",
    responseHead: "secret answer",
    ...part,
  } as Attempt;
}
