import type { Sql } from "postgres";

const ROWS = 8_000;

/** The reference of the payment with this id. */
export const filledReference = (id: number): string => `pay_${String(id).padStart(22, "A")}`;

/** Enough rows that a plan without its index would cost more, most of them long closed as in real life. */
export async function fillTables(admin: Sql): Promise<void> {
  await admin`
    insert into application (id, name, receipts_enabled, late_payment_policy) overriding system value
    select i, 'Shop', true, 'REFUND' from generate_series(0, 2000) as i`;
  await admin`
    insert into payment (id, application_id, mode, reference, status, amount_minor, currency, customer_reference, gateway,
      expires_at, created_at, updated_at, version, revision)
    select i, i % 3, 'TEST', 'pay_' || lpad(i::text, 22, 'A'), case when i % 100 = 0 then 'PENDING' else 'FAILED' end, 100,
      'BDT', case when i % 2 = 0 then 'big' else 'cust-' || i % 500 end, 'SSLCOMMERZ', now() - interval '1 hour', now(), now(), 1, 1
    from generate_series(1, ${ROWS}) as i`;
  await admin`
    update payment set review_reasons = '{RISK}', review_since = now() - interval '1 second' * id where id % 400 = 0`;
  await admin`
    insert into gateway_attempt (payment_id, application_id, mode, no, account, merchant_ref, state, next_inquiry_at, created_at)
    select id, application_id, mode, 1, 'memory-test', reference || '-1', 'FAILED',
      case when status = 'PENDING' then now() end, now() from payment`;
  await admin`
    insert into gateway_callback (gateway, channel, attempt_id, matched_payment_id, digest, says, signature, signature_valid,
      outcome, remote_address)
    select 'SSLCOMMERZ', 'return', a.id, a.payment_id, decode(lpad(to_hex(a.id), 64, '0'), 'hex'), 'failed', 'valid', true,
      case when a.id % 10 = 0 then 'PENDING_VERIFICATION' else 'STALE' end, '192.0.2.1' from gateway_attempt a`;
  await admin`
    insert into gateway_inquiry (attempt_id, payment_id, operation, asked_at, took_ms, outcome, detail)
    select id, payment_id, 'inquire', now(), 1, 'failed', '{}' from gateway_attempt`;
  await admin`
    insert into charge (id, payment_id, attempt_id, application_id, mode, kind, account, gateway_ref, gateway_txn_id,
      amount_minor, currency, gross_minor, settled_currency, method, validated, recorded_at)
    select id, payment_id, id, application_id, mode, 'LATE', account, merchant_ref, merchant_ref, 100, 'BDT', 100, 'BDT',
      '{}', true, now() from gateway_attempt`;
  await admin`
    insert into gateway_mismatch (id, payment_id, attempt_id, application_id, mode, state, reason, named_reference, account,
      gateway_ref, gateway_txn_id, amount_minor, currency, gross_minor, settled_currency, method, validated, seen_at)
    select id, payment_id, attempt_id, application_id, mode, 'DISMISSED', 'AMOUNT_MISMATCH', 'x', account, gateway_ref, 'x', 1, 'BDT',
      1, 'BDT', '{}', true, now() from charge`;
  await admin`
    insert into refund (id, reference, payment_id, application_id, mode, charge_id, origin, origin_ref, status, amount_minor, currency,
      gateway_minor, gateway_currency, reason, created_by, created_at, updated_at, version)
    select id, 'rf_' || id, payment_id, application_id, mode, id, 'LATE_MONEY', id::text, 'SUCCEEDED', 100, 'BDT', 100, 'BDT', '',
      'app:1', now(), now(), 1 from charge`;
  await admin`
    insert into refund_attempt (refund_id, no, account, merchant_refund_ref, state, next_at, created_at)
    select id, 1, 'memory-test', reference || '-1', 'SUCCEEDED', null, now() from refund`;
  await admin`
    insert into refund_call (refund_id, attempt_no, operation, asked_at, took_ms, outcome, detail)
    select id, 1, 'refund', now(), 1, 'accepted', '{}' from refund`;
  await admin`
    insert into receipt (payment_id, application_id, mode, number) select id, application_id, mode, id from payment`;
  await admin`insert into payment_review (payment_id, reason, raised, actor) select id, 'RISK', true, 'system' from payment`;
  await admin`insert into payment_history (payment_id, version, to_status, cause) select id, 1, 'CREATED', 'api' from payment`;
  await admin`
    insert into outbox (id, subject, aggregate, version, headers, payload, published_at)
    select 'evt_' || id, 'payments.payment.created', reference, 1, '{}', '{}', now() from payment`;
  await admin`
    insert into credential (application_id, mode, key_digest, secret_mac, pepper_id, key_last4)
    select id, 'TEST', decode(lpad(to_hex(id), 64, '0'), 'hex'), decode(lpad('', 64, '0'), 'hex'), 'p', 'abcd' from application
    where id > 0`;
  await admin`
    insert into idempotency (application_id, mode, route, key, fingerprint, resource_id, status, answer, request_id, render_version)
    select application_id, mode, 'POST /payments', id::text, '', id, 201, '', 'r', 1 from payment`;
  await admin.unsafe("vacuum analyze");
}
