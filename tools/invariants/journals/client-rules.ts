import { createHash } from "node:crypto";
import type { Row, World } from "../invariant.ts";
import { inGroups } from "../merge.ts";
import { database, rowsOf } from "../query.ts";
import type { ClientEntry, FaultEntry, Journals } from "./journals.ts";

type Request = Extract<ClientEntry, { kind: "request" }>;
type Answer = Extract<ClientEntry, { kind: "answer" }>;
type Acknowledged = { readonly request: Request; readonly answer: Answer };
type Resource = Readonly<Record<string, unknown>>;

const AT_ONCE = 500;
const isSuccess = ({ status }: Answer): boolean => status >= 200 && status < 300;

/** Every answer that said yes to a request that makes something. */
async function* acknowledged(journals: Journals): AsyncGenerator<Acknowledged> {
  const open = new Map<number, Request>();
  for await (const entry of journals.client()) {
    if (entry.kind === "request") open.set(entry.n, entry);
    else {
      const request = open.get(entry.n);
      open.delete(entry.n);
      if (request && request.op !== "other" && entry.kind === "answer" && isSuccess(entry))
        yield { request, answer: entry };
    }
  }
}

/** The resource in an answer: of the REST envelope, or of a method's own message. */
function resourceOf({ text }: Answer): Resource {
  const body = JSON.parse(text) as { readonly data?: Resource; readonly refund?: Resource };
  return body.data ?? body.refund ?? {};
}

/** S1 */
export async function* answeredAndLost(world: World, journals: Journals): AsyncGenerator<Row> {
  const marks = new Set<string>();
  for await (const entry of journals.client())
    if (entry.kind === "request" && entry.mark !== null) marks.add(`${entry.op} ${entry.mark}`);
  yield* replaysApart(journals);
  for await (const group of inGroups(acknowledged(journals), AT_ONCE)) yield* notStored(world, group);
  yield* unasked(world, journals, marks);
}

/** One wish has one answer, whichever of its repeats heard it. */
async function* replaysApart(journals: Journals): AsyncGenerator<Row> {
  const first = new Map<string, string>();
  for await (const { request, answer } of acknowledged(journals)) {
    if (request.key === null) continue;
    const key = `${request.op} ${request.key}`;
    const hash = createHash("sha256").update(answer.text).digest("hex");
    const known = first.get(key);
    if (known === undefined) first.set(key, hash);
    else if (known !== hash)
      yield { key: request.key, request: request.n, why: "a repeat was answered otherwise" };
  }
}

async function* notStored(world: World, group: readonly Acknowledged[]): AsyncGenerator<Row> {
  const sql = database(world, "payments");
  const ids = (op: Request["op"]): string[] =>
    group.filter(({ request }) => request.op === op).map(({ answer }) => String(resourceOf(answer).id));
  const payments = await sql<Resource[]>`
    select id::text, reference, amount_minor::text as "amountMinor", customer_reference as mark from payment
    where id = any(${ids("payment")}::bigint[])`;
  const refunds = await sql<Resource[]>`
    select id::text, payment_id::text as "paymentId", amount_minor::text as "amountMinor", reason as mark from refund
    where id = any(${ids("refund")}::bigint[])`;
  const stored = {
    payment: new Map(payments.map((row) => [row.id, row])),
    refund: new Map(refunds.map((row) => [row.id, row])),
    other: new Map<unknown, Resource>(),
  };
  for (const { request, answer } of group) {
    const told = resourceOf(answer);
    const row = stored[request.op].get(String(told.id));
    const why = row === undefined ? "it was acknowledged and is not there" : differenceOf(told, row, request);
    if (why !== null) yield { request: request.n, op: request.op, id: told.id, why };
  }
}

function differenceOf(told: Resource, row: Resource, { mark }: Request): string | null {
  if (row.mark !== mark) return `it is that of ${String(row.mark)}`;
  const amount = (told.amount as Resource | undefined)?.amountMinor ?? told.amountMinor;
  if (String(amount) !== row.amountMinor) return `it is of ${String(row.amountMinor)}`;
  const names = ["reference", "paymentId"].filter(
    (name) => row[name] !== undefined && told[name] !== undefined,
  );
  const wrong = names.find((name) => String(told[name]) !== row[name]);
  return wrong === undefined ? null : `its ${wrong} is ${String(row[wrong])}`;
}

/** What is there without a request, or more than once for one wish. */
async function* unasked(world: World, { run }: Journals, marks: ReadonlySet<string>): AsyncGenerator<Row> {
  const applications = `application_id in (${run.applications.map(Number).join(", ") || "0"})`;
  const since = `created_at >= to_timestamp(${run.startedAt} / 1000.0)`;
  const rows = rowsOf<{ op: string; mark: string; made: string }>(
    world,
    "payments",
    `select 'payment' as op, customer_reference as mark, count(*) as made from payment
     where ${applications} and ${since} group by 2
     union all
     select 'refund', reason, count(*) from refund
     where ${applications} and ${since} and created_by like 'app:%' group by 2`,
  );
  for await (const { op, mark, made } of rows) {
    if (!marks.has(`${op} ${mark}`)) yield { op, mark, why: "nobody asked for it" };
    else if (made !== "1") yield { op, mark, why: `one wish made ${made}` };
  }
}

/** A frozen door can answer nobody in time; whoever froze it knows that. */
const FROZEN = "stop";
const DRAINED = "term";

/** S6 */
export async function* lateAnswers(world: World, journals: Journals): AsyncGenerator<Row> {
  const faults: FaultEntry[] = [];
  for await (const fault of journals.faults()) faults.push(fault);
  const during = (kind: string, from: number, until: number): boolean =>
    faults.some((fault) => fault.kind === kind && fault.from <= until && fault.until >= from);
  const budgets = new Map<number, Request>();
  for await (const entry of journals.client()) {
    if (entry.kind === "request") budgets.set(entry.n, entry);
    else {
      const request = budgets.get(entry.n);
      budgets.delete(entry.n);
      if (request && entry.ms > request.budgetMs && !during(FROZEN, request.at, entry.at))
        yield { request: request.n, path: request.path, ms: Math.round(entry.ms), budget: request.budgetMs };
    }
  }
  for (const { n } of budgets.values())
    yield { request: n, why: "it was never answered, and never given up" };
  const drained = async function* drained() {
    for await (const one of acknowledged(journals))
      if (during(DRAINED, one.answer.at, one.answer.at)) yield one;
  };
  for await (const group of inGroups(drained(), AT_ONCE)) yield* notStored(world, group);
}
