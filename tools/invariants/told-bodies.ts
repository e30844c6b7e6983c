import type { Row, World } from "./invariant.ts";
import { inGroups } from "./merge.ts";
import { database, rowsOf } from "./query.ts";

type Told = {
  readonly id: string;
  readonly type: string;
  readonly aggregate: string;
  readonly sequence: string;
  readonly body: {
    readonly id?: string;
    readonly sequence?: number;
    readonly data?: Readonly<Record<string, unknown>>;
  };
};

type Step = {
  readonly reference: string;
  readonly version: string;
  readonly to_status: string;
  readonly amount_minor: string;
  readonly currency: string;
};

type Refund = {
  readonly id: string;
  readonly payment_id: string;
  readonly reference: string;
  readonly amount_minor: string;
  readonly currency: string;
  readonly status: string;
  readonly payment_version: string;
};

const AT_ONCE = 500;

const BODIES = `
  select v.id, v.type, v.aggregate, v.sequence::text, convert_from(b.bytes, 'UTF8')::jsonb as body
  from event v join event_body b on b.event_id = v.id
  where v.type <> 'webhook.test' and b.style = 'FULL' and v.received_at >= {since} order by v.id`;

/** X3: the body of each event is the payment, or the refund, as it was at that version. */
export async function* falseBodies(world: World): AsyncGenerator<Row> {
  const sql = database(world, "payments");
  for await (const told of inGroups(rowsOf<Told>(world, "webhooks", BODIES), AT_ONCE)) {
    const references = [...new Set(told.map(({ aggregate }) => aggregate))];
    const steps = await sql<Step[]>`
      select p.reference, h.version::text, h.to_status, p.amount_minor::text, p.currency
      from payment_history h join payment p on p.id = h.payment_id where p.reference = any(${references})`;
    const refunds = await sql<Refund[]>`
      select r.id::text, r.payment_id::text, p.reference, r.amount_minor::text, r.currency, r.status,
        p.version::text as payment_version
      from refund r join payment p on p.id = r.payment_id where p.reference = any(${references})`;
    const stepOf = new Map(steps.map((step) => [`${step.reference} ${step.version}`, step]));
    const refundOf = new Map(refunds.map((refund) => [refund.id, refund]));
    for (const tale of told) {
      const { id, type, aggregate, sequence, body } = tale;
      const step = stepOf.get(`${aggregate} ${sequence}`);
      const why =
        frameProblem(tale) ??
        (type.startsWith("refund.")
          ? refundProblem(tale, refundOf.get(String(body.data?.id)))
          : paymentProblem(tale, step));
      if (why !== null) yield { event: id, type, aggregate, sequence, why };
    }
  }
}

function frameProblem({ id, sequence, body }: Told): string | null {
  if (body.id !== id) return "its body has another id";
  return String(body.sequence) === sequence ? null : "its body has another sequence";
}

function paymentProblem({ type, body: { data = {} } }: Told, step: Step | undefined): string | null {
  if (!step) return "the payment never had this version";
  if (type !== `payment.${step.to_status.toLowerCase()}` || data.status !== step.to_status)
    return `the payment was ${step.to_status}`;
  if (String(data.amountMinor) !== step.amount_minor || data.currency !== step.currency)
    return `the payment is of ${step.amount_minor} ${step.currency}`;
  return String(data.refundedMinor) === "0" ? null : "nothing had gone back then";
}

/** Its version is the payment's after the change, so it cannot lie beyond the newest one. */
function refundProblem(
  { type, sequence, aggregate, body: { data = {} } }: Told,
  refund: Refund | undefined,
): string | null {
  if (!refund || refund.reference !== aggregate) return "there is no such refund of this payment";
  if (type !== `refund.${refund.status.toLowerCase()}` || data.status !== refund.status)
    return `the refund is ${refund.status}`;
  if (String(data.amountMinor) !== refund.amount_minor || data.currency !== refund.currency)
    return `the refund is of ${refund.amount_minor} ${refund.currency}`;
  if (String(data.paymentId) !== refund.payment_id) return "it is of another payment";
  return BigInt(sequence) <= BigInt(refund.payment_version) ? null : "the payment never had this version";
}
