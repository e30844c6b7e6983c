import { FIRST_HEALTHY, floodedOf, type Load } from "./shape.ts";
import type { Store } from "./world.ts";

/**
 * Rows that are due now, as the fan-out would have made them, for `span` applications from `first` on. What loading
 * them left for the server to do is done before anything is measured.
 */
async function flood(
  { owner }: Store,
  { name, count, first, span }: { name: string; count: number; first: number; span: number },
): Promise<void> {
  await owner`
    insert into event (id, application_id, mode, type, aggregate, sequence, occurred_at, snapshot)
    select ${name} || i, ${first}::int + i % ${span}::int, 'LIVE', 'payment.succeeded', ${name} || i, 1, now(), '{}'
    from generate_series(1, ${count}::int) i`;
  await owner`
    insert into event_body select id, 1, 'FULL', convert_to(repeat('x', 1200), 'UTF8'), sha256('') from event
    where id like ${`${name}%`}`;
  await owner`
    insert into delivery (event_id, endpoint_id, application_id, mode, type, aggregate, sequence, schema_version, style, filter_version)
    select v.id, e.id, v.application_id, v.mode, v.type, v.aggregate, 1, 1, 'FULL', 1 from event v
    join endpoint e on e.application_id = v.application_id and e.mode = 'LIVE' where v.id like ${`${name}%`}`;
  await owner`vacuum (analyze) delivery, event, event_body`;
}

/** One endpoint has it all. */
export function floodOne(store: Store, load: Load): Promise<void> {
  return flood(store, { name: "backlog", count: load.backlog, first: floodedOf(load), span: 1 });
}

/** Endpoints share them evenly. */
export function floodAll(store: Store, load: Load, count: number): Promise<void> {
  return flood(store, { name: "burst", count, first: 1, span: load.endpoints });
}

/** For endpoints that are well in every arm: what has run ten thousand times runs at its own speed. */
export function floodWarmUp(store: Store, load: Load): Promise<void> {
  return flood(store, { name: "warm", count: load.warmUp, first: FIRST_HEALTHY, span: 14 });
}
