import type { Sql } from "postgres";

/** What many queues do: the oldest due row first, for whoever has a slot. No caps, no suspects, no breaker. */
export async function removeIsolation(owner: Sql): Promise<void> {
  await owner.unsafe(`
    create or replace function claim_deliveries(
      p_worker text, p_slots int, p_test_slots int, p_suspect_slots int, p_endpoints int, p_lease interval,
      p_host_cap int, p_app_cap int, p_app_caps jsonb)
    returns table (delivery_id bigint, token uuid, attempt int, tries smallint, claimed_at timestamptz)
    language plpgsql as $$
    #variable_conflict use_column
    declare t timestamptz := clock_timestamp();
    begin
      return query
      with take as (
        select d.id, e.host_key, e.cap from delivery d join endpoint e on e.id = d.endpoint_id
         where d.state = 'PENDING' and d.next_at <= t and e.state = 'ENABLED' and e.url is not null
         order by d.next_at, d.id limit p_slots for update of d skip locked),
      leased as (
        update delivery d set state = 'LEASED', token = gen_random_uuid(), worker = p_worker, lease_until = t + p_lease,
               attempts = d.attempts + 1, tries = d.tries + 1, updated_at = t
          from take where d.id = take.id returning d.*, take.host_key as host, take.cap as cap),
      logged as (
        insert into attempt (delivery_id, n, claimed_at, round, endpoint_id, application_id, mode, host_key, kind, token,
                             worker, cap_seen)
        select id, attempts, t, round, endpoint_id, application_id, mode, coalesce(host, ''), kind, token, p_worker, cap
          from leased)
      select l.id, l.token, l.attempts, l.tries, t from leased l;
    end $$`);
  await owner.unsafe(`
    create or replace function settle_endpoint(e endpoint, p_facts jsonb, p_scale double precision) returns endpoint
    language sql stable as $$ select e $$`);
  await owner.unsafe("create index delivery_due_globally on delivery (next_at, id) where state = 'PENDING'");
}
