import { createHash, createHmac } from "node:crypto";
import type { Row, World } from "../invariant.ts";
import { rowsOf } from "../query.ts";
import type { Journals, SinkEntry } from "./journals.ts";

/** What one endpoint got of one event. */
type Copies = {
  copies: number;
  successes: number;
  readonly bytes: string;
};

/** Faults after which a delivery may be sent although it was answered: its answer was not recorded. */
const DOUBLING = new Set(["webhooks", "all", "postgres"]);

/** S3 */
export async function* unlikeCopies(world: World, journals: Journals): AsyncGenerator<Row> {
  const secrets = new Map(journals.run.endpoints.map(({ url, secrets: known }) => [url, known]));
  const got = new Map<string, Copies>();
  const bytesOf = new Map<string, string>();
  for await (const entry of journals.sinks()) {
    const why = problemOf(entry, secrets.get(entry.url) ?? []);
    if (why !== null) yield { event: entry.id, url: entry.url, why };
    const bytes = createHash("sha256").update(entry.body).digest("base64");
    const first = bytesOf.get(entry.id);
    if (first === undefined) bytesOf.set(entry.id, bytes);
    else if (first !== bytes) yield { event: entry.id, url: entry.url, why: "other bytes than before" };
    const key = `${entry.id} ${entry.url}`;
    const known = got.get(key) ?? { copies: 0, successes: 0, bytes };
    known.copies += 1;
    if (entry.status >= 200 && entry.status < 300) known.successes += 1;
    got.set(key, known);
  }
  yield* undelivered(world, journals, got);
  yield* tooMany(journals, got);
}

/** By the library when it came, and here again by hand, with any secret of the endpoint. */
function problemOf(
  { id, timestamp, body, signature, isGenuine }: SinkEntry,
  secrets: readonly string[],
): string | null {
  if (!isGenuine) return "standardwebhooks refused it";
  const isSigned = secrets.some((secret) => {
    const key = Buffer.from(secret.slice(secret.indexOf("_") + 1), "base64");
    const mac = createHmac("sha256", key).update(`${id}.${timestamp}.${body}`).digest("base64");
    return signature.split(" ").includes(`v1,${mac}`);
  });
  return isSigned ? null : "no secret of its endpoint signed it";
}

type Delivery = {
  readonly event: string;
  readonly url: string;
  readonly state: string;
  /** Whether the endpoint is up: what a disabled one is owed waits. */
  readonly is_up: boolean;
  readonly attempts: number;
};

async function* undelivered(
  world: World,
  { run }: Journals,
  got: ReadonlyMap<string, Copies>,
): AsyncGenerator<Row> {
  const rest = new Set(got.keys());
  const rows = rowsOf<Delivery>(
    world,
    "webhooks",
    `select d.event_id as event, e.url, d.state, d.attempts, e.state = 'ENABLED' as is_up from delivery d join endpoint e on e.id = d.endpoint_id
     where d.created_at >= to_timestamp(${run.startedAt} / 1000.0) and e.url is not null`,
  );
  const urls = new Set(run.endpoints.map(({ url }) => url));
  for await (const { event, url, state, attempts, is_up } of rows) {
    if (!urls.has(url)) continue;
    const copies = got.get(`${event} ${url}`);
    rest.delete(`${event} ${url}`);
    if (is_up && !copies?.successes) yield { event, url, state, why: "it never arrived, or was never taken" };
    else if (is_up && state !== "DELIVERED")
      yield { event, url, state, why: "it was taken, and is not known to be" };
    if (copies && copies.copies > attempts) yield { event, url, copies: copies.copies, attempts };
  }
  for (const key of rest) yield { copy: key, why: "it belongs to no delivery" };
}

async function* tooMany(journals: Journals, got: ReadonlyMap<string, Copies>): AsyncGenerator<Row> {
  let kills = 0;
  for await (const { target } of journals.faults()) if (DOUBLING.has(target)) kills += 1;
  const doubled = [...got.values()].reduce((sum, { successes }) => sum + Math.max(0, successes - 1), 0);
  const allowed = kills * journals.run.inFlight;
  if (doubled > allowed) yield { doubled, kills, allowed };
}
