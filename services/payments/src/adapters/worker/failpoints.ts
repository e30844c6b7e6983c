import type { OutboxStore } from "@oi/platform/events/outbox-relay";
import { failpoint } from "@oi/platform/service/failpoint";
import type { PaymentGateway, PaymentGateways } from "../../application/payment-gateway.ts";
import type { CallbackStore, InquiryQueue, PaymentChange, PaymentStore } from "../../application/ports.ts";
import type { RefundStore } from "../../application/refund-ports.ts";

/** By then a call has left this process and its answer has not come, with a gateway that takes its time. */
const ON_THE_WIRE_MS = 25;

type Ports = {
  readonly payments: PaymentStore;
  readonly refunds: RefundStore;
  readonly callbacks: CallbackStore;
  readonly queue: InquiryQueue;
  readonly gateways: PaymentGateways;
};

/** The places where a test may end, break or delay the service. Wrapped only when one of them is armed. */
export function withFailpoints<P extends Ports>(ports: P): P {
  const { callbacks, queue, gateways, refunds } = ports;
  return {
    ...ports,
    payments: payments(ports.payments),
    refunds: {
      ...refunds,
      create: async (...args: Parameters<RefundStore["create"]>) => {
        const created = await refunds.create(...args);
        await failpoint("refund.intent_committed");
        return created;
      },
    },
    callbacks: {
      ...callbacks,
      record: async (...args: Parameters<CallbackStore["record"]>) => {
        const fresh = await callbacks.record(...args);
        await failpoint("callback.evidence_committed_no_reply");
        return fresh;
      },
    },
    queue: {
      ...queue,
      claimDue: async (limit: number) => {
        const due = await queue.claimDue(limit);
        if (due.length > 0) await failpoint("sweep.claimed");
        return due;
      },
    },
    gateways: {
      ...gateways,
      of: (...args: Parameters<PaymentGateways["of"]>) => gateway(gateways.of(...args)),
    },
  };
}

function payments(store: PaymentStore): PaymentStore {
  return {
    ...store,
    create: async (...args) => {
      await failpoint("create.before_commit");
      const created = await store.create(...args);
      await failpoint("create.committed_no_reply");
      return created;
    },
    commit: async (change) => {
      if (change.inquiry?.operation === "confirm") await failpoint("callback.verdict_not_committed");
      if (change.inquiry?.operation === "inquire") await failpoint("inquiry.answered_not_committed");
      const stored = await store.commit(change);
      for (const name of committed(change)) await failpoint(name);
      return stored;
    },
  };
}

function committed({ attempts, inquiry, refunds }: PaymentChange): string[] {
  const opening = attempts.some(({ id, state }) => id === 0 && state === "OPENING");
  const late = refunds.some(({ isNew, refund }) => isNew && refund.origin === "LATE_MONEY");
  return [
    ...(opening ? ["checkout.attempt_committed"] : []),
    ...(inquiry?.moved ? ["callback.applied_not_published"] : []),
    ...(late ? ["late_money.committed_not_refunded"] : []),
  ];
}

function gateway(inner: PaymentGateway): PaymentGateway {
  return {
    ...inner,
    openSession: (...args) => called("checkout", inner.openSession(...args)),
    refund: (...args) => called("refund", inner.refund(...args)),
  };
}

async function called<T>(operation: "checkout" | "refund", answer: Promise<T>): Promise<T> {
  const timer = setTimeout(() => void failpoint(`${operation}.call_sent`), ON_THE_WIRE_MS);
  const outcome = await answer;
  clearTimeout(timer);
  await failpoint(`${operation}.answered_not_committed`);
  return outcome;
}

/** Those of the relay, whose batch is marked in two halves. */
export function withRelayFailpoints(store: OutboxStore): OutboxStore {
  return {
    ...store,
    markPublished: async (events) => {
      await failpoint("relay.published_not_marked");
      const half = Math.floor(events.length / 2);
      if (half > 0) await store.markPublished(events.slice(0, half));
      await failpoint("relay.mid_batch");
      await store.markPublished(events.slice(half));
    },
  };
}
