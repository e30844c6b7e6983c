import type { InboundEvent } from "@oi/platform/events/envelope";
import { type NatsLink, openNats } from "@oi/platform/events/nats-link";
import { type OutboxStore, startOutboxRelay, type UnpublishedEvent } from "@oi/platform/events/outbox-relay";
import { silentLogger } from "@oi/platform/telemetry/logger";

type Row = UnpublishedEvent & { readonly streamSeq: number | null };

export type PaymentsStream = AsyncDisposable & {
  readonly link: NatsLink;
  publish(...events: readonly InboundEvent[]): void;
  /** Publishes an event once more, as after a lost acknowledgement. */
  repeat(id: string): void;
};

/** An outbox that forgets with the process; enough to stand for that of `payments`. */
function listStore(rows: Row[]): OutboxStore {
  let life: string | null = null;
  const unpublish = (isLost: (streamSeq: number) => boolean): number => {
    let lost = 0;
    for (const [i, row] of rows.entries()) {
      if (row.streamSeq === null || !isLost(row.streamSeq)) continue;
      rows[i] = { ...row, streamSeq: null };
      lost += 1;
    }
    return lost;
  };
  return {
    lead: async () => true,
    unpublished: async (limit) => rows.filter((row) => row.streamSeq === null).slice(0, limit),
    markPublished: async (published) => {
      for (const { seq, streamSeq } of published) {
        const row = rows[Number(seq)];
        if (row) rows[Number(seq)] = { ...row, streamSeq, publishes: row.publishes + 1 };
      }
    },
    enterEpoch: async (_, created) => {
      const isLost = life !== null && life !== created;
      life = created;
      return isLost ? unpublish(() => true) : 0;
    },
    unpublishAbove: async (lastSeq) => unpublish((seq) => seq > lastSeq),
    unpublishSeqs: async (seqs) => unpublish((seq) => seqs.includes(seq)),
    saveAckFloor: async () => {},
    ensurePartitions: async () => {},
    [Symbol.asyncDispose]: async () => {},
  };
}

/** The stream PAYMENTS as the relay of `payments` keeps it: made when missing, filled again when it was lost. */
export function paymentsStream(url: string): PaymentsStream {
  const rows: Row[] = [];
  const link = openNats({ url, name: "payments" });
  const stream = { name: "PAYMENTS", subjects: ["payments.>"], replicas: 1, maxAgeDays: 1 };
  const relay = startOutboxRelay({ store: listStore(rows), link, stream, log: silentLogger() });
  return {
    link,
    publish: (...events) => {
      for (const { id, subject, headers, payload } of events) {
        const seq = String(rows.length);
        rows.push({ seq, createdAt: "", id, subject, headers, payload, publishes: 0, streamSeq: null });
      }
      relay.wake();
    },
    repeat: (id) => {
      const at = rows.findIndex((row) => row.id === id);
      const row = rows[at];
      if (row) rows[at] = { ...row, streamSeq: null };
      relay.wake();
    },
    [Symbol.asyncDispose]: async () => {
      await relay[Symbol.asyncDispose]();
      await link[Symbol.asyncDispose]();
    },
  };
}
