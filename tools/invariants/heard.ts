import { fromBase58Event } from "./event-uuid.ts";
import type { Row, World } from "./invariant.ts";
import { sideBySide } from "./merge.ts";
import { rowsOf } from "./query.ts";

/** The subjects that each consumer keeps a row of; every other one is acknowledged and forgotten. */
const HEARD_BY = {
  webhooks: [
    ...["succeeded", "failed", "cancelled", "expired"].map((what) => `payments.payment.${what}`),
    ...["payments.refund.succeeded", "payments.refund.failed", "payments.application.updated"],
  ],
  ledger: [
    ...["payments.payment.succeeded", "payments.late_receipt.recorded", "payments.mismatch.confirmed"],
    ...["requested", "approved", "succeeded", "failed"].map((what) => `payments.refund.${what}`),
  ],
} as const;

type Consumer = keyof typeof HEARD_BY;
type Heard = { readonly key: string; readonly isRecent: boolean };
type Sent = Heard & { readonly id: string; readonly subject: string; readonly version: string };

/** Events keep their order when their id is written in base58 and when it is written as a UUID. */
async function* sent(world: World): AsyncGenerator<Sent> {
  yield* rowsOf<Sent>(
    world,
    "payments",
    `select id as key, id, subject, version, created_at between clock_timestamp() - interval '7 days'
       and clock_timestamp() - {quiet} and created_at >= {since} as "isRecent"
     from outbox order by id collate "C"`,
  );
}

const INBOX: Readonly<Record<Consumer, string>> = {
  webhooks: `select event_id as key, received_at > clock_timestamp() - interval '6 days' and received_at >= {since} as "isRecent"
    from inbox where subject like 'payments.%' order by event_id collate "C"`,
  ledger: `select event_id::text as key, received_at > clock_timestamp() - interval '6 days' and received_at >= {since} as "isRecent"
    from ledger.inbox order by event_id::text collate "C"`,
};

/** A parked event was heard and waits for a person; without its inbox row it would be heard again. */
const PARKED: Readonly<Record<Consumer, string>> = {
  webhooks: `select p.event_id as event, p.subject, p.reason, i.event_id is null as unheard from parked_event p
    left join inbox i on i.event_id = p.event_id where p.resolved_at is null`,
  ledger: `select p.source_id as event, p.subject, p.reason, i.event_id is null as unheard from ledger.parked_event p
    left join ledger.inbox i on i.event_id = p.event_id where p.resolved_at is null`,
};

/** X1: what one side published the other side has heard, and it has heard nothing else. */
export async function* unheard(world: World): AsyncGenerator<Row> {
  for (const consumer of ["webhooks", "ledger"] as const) {
    const asks: ReadonlySet<string> = new Set(HEARD_BY[consumer]);
    const events = consumer === "ledger" ? withUuids(sent(world)) : sent(world);
    const heard = rowsOf<Heard>(world, consumer, INBOX[consumer]);
    for await (const [event, row] of sideBySide(events, heard)) {
      if (row === null && event?.isRecent && asks.has(event.subject))
        yield { event: event.id, subject: event.subject, "not heard by": consumer };
      if (event === null && row?.isRecent)
        yield { event: row.key, "heard by": consumer, "sent by": "nobody" };
    }
    for await (const parked of rowsOf(world, consumer, PARKED[consumer]))
      yield parked.unheard ? { ...parked, consumer } : { ...parked, owner: `an operator of ${consumer}` };
  }
}

async function* withUuids(events: AsyncIterable<Sent>): AsyncGenerator<Sent> {
  for await (const event of events) {
    const key = fromBase58Event(event.id);
    if (key !== null) yield { ...event, key };
  }
}

type Told = { readonly key: string; readonly type: string; readonly sequence: string };

/** X5: an event has one type and one version on both sides. */
export async function* retold(world: World): AsyncGenerator<Row> {
  const told = rowsOf<Told>(
    world,
    "webhooks",
    `select id as key, type, sequence from event where type <> 'webhook.test' and received_at >= {since} order by id collate "C"`,
  );
  for await (const [event, tale] of sideBySide(sent(world), told)) {
    if (event === null || tale === null) continue;
    const { subject, version } = event;
    if (subject !== `payments.${tale.type}` || version !== tale.sequence)
      yield { event: event.id, subject, version, type: tale.type, sequence: tale.sequence };
  }
}
