import type { Sql } from "@oi/platform/postgres/client";
import type { PaymentMethod } from "../../domain/gateway.ts";
import type { MismatchReason, MismatchState, RecordedMismatch } from "../../domain/mismatch.ts";
import { nothing, stamp } from "./statement.ts";

/** A row inside a JSON value, where times are text and numbers that fit are numbers. */
export type MismatchJson = {
  readonly id: number;
  readonly attempt_id: number;
  readonly state: MismatchState;
  readonly reason: MismatchReason;
  readonly named_reference: string;
  readonly named_store: string | null;
  readonly account: string;
  readonly gateway_ref: string;
  readonly gateway_txn_id: string;
  readonly amount_minor: number;
  readonly currency: string;
  readonly gross_minor: number;
  readonly settled_minor: number | null;
  readonly settled_currency: string;
  readonly method: PaymentMethod;
  readonly validated: boolean;
  readonly seen_at: string;
};

export function toMismatch(json: MismatchJson): RecordedMismatch {
  const { settled_currency: currency, settled_minor: settledMinor } = json;
  return {
    id: json.id,
    attemptId: json.attempt_id,
    state: json.state,
    reason: json.reason,
    namedReference: json.named_reference,
    namedStore: json.named_store,
    charge: {
      kind: "MISMATCH",
      account: json.account,
      gatewayRef: json.gateway_ref,
      gatewayTxnId: json.gateway_txn_id,
      charged: { amountMinor: BigInt(json.amount_minor), currency: json.currency },
      gross: { amountMinor: BigInt(json.gross_minor), currency },
      settled: settledMinor === null ? null : { amountMinor: BigInt(settledMinor), currency },
      method: json.method,
      validated: json.validated,
      recordedAt: Date.parse(json.seen_at),
    },
  };
}

/** New ones are stored; of known ones only what a person decided changes. Every row selects from the payment's, `p`. */
export function mismatchRows(sql: Sql, told: readonly RecordedMismatch[]) {
  if (told.length === 0) return nothing(sql);
  const charges = told.map(({ charge }) => charge);
  return sql`
    insert into gateway_mismatch (id, payment_id, attempt_id, application_id, mode, state, reason, named_reference, named_store,
      account, gateway_ref, gateway_txn_id, amount_minor, currency, gross_minor, settled_minor, settled_currency, method, validated, seen_at)
    select n.id, p.id, n.attempt_id, p.application_id, p.mode, n.state, n.reason, n.named_reference, n.named_store, n.account,
      n.gateway_ref, n.gateway_txn_id, n.amount_minor, n.currency, n.gross_minor, n.settled_minor, n.settled_currency,
      n.method::jsonb, n.validated::boolean, n.seen_at
    from p cross join unnest(
      ${told.map((m) => m.id)}::bigint[], ${told.map((m) => m.attemptId)}::bigint[], ${told.map((m) => m.state)}::text[],
      ${told.map((m) => m.reason)}::text[], ${told.map((m) => m.namedReference)}::text[], ${told.map((m) => m.namedStore)}::text[],
      ${charges.map((c) => c.account)}::text[], ${charges.map((c) => c.gatewayRef)}::text[], ${charges.map((c) => c.gatewayTxnId)}::text[],
      ${charges.map((c) => c.charged.amountMinor.toString())}::bigint[], ${charges.map((c) => c.charged.currency)}::text[],
      ${charges.map((c) => c.gross.amountMinor.toString())}::bigint[],
      ${charges.map((c) => c.settled?.amountMinor.toString() ?? null)}::bigint[], ${charges.map((c) => c.gross.currency)}::text[],
      ${charges.map((c) => JSON.stringify(c.method))}::text[], ${charges.map((c) => String(c.validated))}::text[],
      ${charges.map((c) => stamp(c.recordedAt))}::timestamptz[])
      as n (id, attempt_id, state, reason, named_reference, named_store, account, gateway_ref, gateway_txn_id, amount_minor,
            currency, gross_minor, settled_minor, settled_currency, method, validated, seen_at)
    on conflict (id) do update set state = excluded.state, decided_at = clock_timestamp()`;
}
