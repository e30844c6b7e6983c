import type { OutboxEvent } from "@oi/platform/events/envelope";
import type { Sql } from "@oi/platform/postgres/client";
import type { IdempotencyKey } from "../../application/ports.ts";
import type { OpenPayment } from "../../domain/payment.ts";
import { encodeAnswer, RENDER_VERSION } from "./answer-codec.ts";

const CREATE_ROUTE_STATUS = 201;

type Request = { readonly requestId: string; readonly idempotency: IdempotencyKey | null };

/**
 * Key, payment, history and event in one statement, all or nothing. No row comes back when the key exists, the
 * application does not, or its limits refuse the amount; the caller then finds out which.
 */
export async function insertPayment(
  sql: Sql,
  payment: OpenPayment,
  event: OutboxEvent,
  { requestId, idempotency }: Request,
): Promise<Date | null> {
  const { applicationId, mode } = payment.scope;
  const amount = payment.amount.amountMinor.toString();
  const key = idempotency
    ? sql`insert into idempotency (application_id, mode, route, key, fingerprint, resource_id, status, answer, request_id, render_version)
          select ${applicationId}, ${mode}, ${idempotency.route}, ${idempotency.key}, ${idempotency.fingerprint},
                 ${payment.id}, ${CREATE_ROUTE_STATUS}, ${encodeAnswer(payment)}, ${requestId}, ${RENDER_VERSION} from app
          on conflict do nothing returning resource_id as id, answered_at`
    : sql`select ${payment.id}::bigint as id, clock_timestamp() as answered_at from app`;
  const rows = await sql<{ answered_at: Date }[]>`
    with app as (
      select id from application where id = ${applicationId}
        and ${amount}::bigint >= coalesce(min_amount_minor, 1) and ${amount}::bigint <= coalesce(max_amount_minor, ${amount}::bigint)),
    k as (${key}),
    p as (
      insert into payment (id, application_id, mode, reference, status, amount_minor, currency, customer_reference,
        customer_email, customer_phone, customer_name, product_name, redirect_url, gateway, expires_at, created_at,
        updated_at, version, revision)
      select k.id, ${applicationId}, ${mode}, ${payment.reference}, ${payment.status}, ${amount}::bigint, ${payment.amount.currency},
        ${payment.customer.reference}, ${payment.customer.email}, ${payment.customer.phone}, ${payment.customer.name},
        ${payment.productName}, ${payment.redirectUrl}, ${payment.gateway}, ${new Date(payment.expiresAt)},
        ${new Date(payment.createdAt)}, ${new Date(payment.updatedAt)}, ${payment.version}, ${payment.revision} from k
      returning id, version),
    h as (
      insert into payment_history (payment_id, version, from_status, to_status, cause)
      select id, version, null, ${payment.status}, 'api' from p),
    o as (
      insert into outbox (id, subject, aggregate, version, headers, payload)
      select ${event.id}, ${event.subject}, ${event.aggregate}, version, ${sql.json(event.headers)}, ${event.payload} from p)
    select k.answered_at from p join k on k.id = p.id`;
  return rows[0]?.answered_at ?? null;
}
