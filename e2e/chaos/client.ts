import { setTimeout as sleep } from "node:timers/promises";
import type { Journal } from "@oi/testkit/journal";
import type { ClientEntry } from "@oi/tools/invariants/journals/journals";
import type { Shop } from "./shops.ts";

export type Request = {
  readonly op: "payment" | "refund" | "other";
  readonly method: "GET" | "POST";
  readonly path: string;
  readonly key?: string;
  readonly mark?: string;
  readonly body?: object;
  readonly budgetMs?: number;
};

export type Answer = { readonly status: number; readonly text: string };

/** A merchant's backend that writes down what it does before it does it, and what came of it. */
export type Client = {
  /** Null when there was no answer. */
  send(shop: Shop | null, request: Request): Promise<Answer | null>;
  /** The same request with its key until it is answered for good, or the client gives up. */
  insist(shop: Shop, request: Request): Promise<Answer | null>;
  readonly figures: Figures;
};

export type Figures = {
  requests: number;
  acknowledged: number;
  replayed: number;
  failures: number;
  readonly statuses: Map<number, number>;
  /** When creating a payment was last acknowledged, on the monotonic clock. */
  readonly acknowledgedAt: number[];
};

/** The edge waits three seconds for the others; the rest is this machine's. */
const BUDGET_MS = 8_000;
const GIVE_UP_MS = 30_000;
const REPEATS = 200;
const LONGEST_WAIT_MS = 1_000;

export function clientOf(publicUrl: string, journal: Journal<ClientEntry>, isOver: () => boolean): Client {
  const figures: Figures = {
    ...{ requests: 0, acknowledged: 0, replayed: 0, failures: 0 },
    statuses: new Map(),
    acknowledgedAt: [],
  };
  const send: Client["send"] = async (shop, request) => {
    const { op, method, path, key = null, mark = null, body = null, budgetMs = BUDGET_MS } = request;
    figures.requests += 1;
    const n = figures.requests;
    journal.write({ kind: "request", n, at: Date.now(), op, method, path, key, mark, body, budgetMs });
    const fromMs = performance.now();
    try {
      const response = await fetch(`${publicUrl}${path}`, {
        method,
        redirect: "manual",
        signal: AbortSignal.timeout(GIVE_UP_MS),
        headers: {
          ...(shop ? { "x-api-key": shop.apiKey, "x-api-secret": shop.apiSecret } : {}),
          ...(body ? { "content-type": "application/json" } : {}),
          ...(key ? { "idempotency-key": key } : {}),
        },
        ...(body ? { body: JSON.stringify(body) } : {}),
      });
      const text = await response.text();
      const { status } = response;
      journal.write({ kind: "answer", n, at: Date.now(), status, text, ms: performance.now() - fromMs });
      count(op, status, response.headers.has("idempotent-replayed"));
      return { status, text };
    } catch (error) {
      figures.failures += 1;
      const why = String(error instanceof Error ? (error.cause ?? error.message) : error);
      journal.write({ kind: "failure", n, at: Date.now(), why, ms: performance.now() - fromMs });
      return null;
    }
  };
  const count = (op: Request["op"], status: number, isReplay: boolean): void => {
    figures.statuses.set(status, (figures.statuses.get(status) ?? 0) + 1);
    if (op === "other" || status !== 201) return;
    figures.acknowledged += 1;
    if (isReplay) figures.replayed += 1;
    if (op === "payment") figures.acknowledgedAt.push(performance.now());
  };
  return { send, insist: (shop, request) => insist(send, shop, request, isOver), figures };
}

/** Final is what repeating would not change: anything but a lost answer, a key in use, too many, or a sick server. */
async function insist(send: Client["send"], shop: Shop, request: Request, isOver: () => boolean) {
  for (let repeat = 0; repeat < REPEATS; repeat++) {
    const answer = await send(shop, request);
    const isInUse = answer?.status === 409 && answer.text.includes("IDEMPOTENCY_IN_PROGRESS");
    if (answer && answer.status < 500 && answer.status !== 429 && !isInUse) return answer;
    if (isOver() && repeat > 5) return null;
    await sleep(Math.min(LONGEST_WAIT_MS, 100 * 2 ** Math.min(repeat, 4)));
  }
  return null;
}
