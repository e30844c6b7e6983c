import type { OutboxEvent } from "@oi/platform/events/envelope";
import type { Database } from "@oi/platform/postgres/client";
import type { ParkedEvents, ParkReason, ReceivedEvent } from "../../application/ports.ts";

/** Makes the announcement of a parked event. */
export type ParkedAnnouncement = (event: ReceivedEvent, reason: ParkReason) => OutboxEvent;

/** PostgreSQL keeps no NUL, and what cannot be stored could never be parked. */
function storable(text: string): string {
  return text.replaceAll("\u0000", "\uFFFD");
}

export function postgresParkedEvents(
  database: Database,
  { announce }: { readonly announce: ParkedAnnouncement },
): ParkedEvents {
  return {
    park: async (event, reason, error) => {
      const out = announce(event, reason);
      const headers = Object.fromEntries(Object.entries(event.headers).map((pair) => pair.map(storable)));
      const rows = await database.run(
        (sql) => sql`
          with heard as (
            insert into ledger.inbox (event_id, subject, outcome) values (${event.uuid}, ${event.subject}, 'PARKED')
            on conflict do nothing returning event_id),
          parked as (
            insert into ledger.parked_event
              (event_id, source_id, subject, headers, payload, reason, error, deliveries)
            select event_id, ${storable(event.id)}, ${event.subject}, ${sql.json(headers)},
              ${storable(event.payload)}, ${reason}, ${storable(error)}, ${event.deliveries} from heard),
          announced as (
            insert into public.outbox (id, subject, aggregate, version, headers, payload)
            select ${out.id}, ${out.subject}, ${out.aggregate}, ${out.version}, ${sql.json(out.headers)},
              ${out.payload} from heard)
          select event_id from heard`,
      );
      return rows.length > 0;
    },
  };
}
