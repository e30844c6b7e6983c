import { Pool } from "undici";
import { keepAsking, type Load } from "./clients.ts";
import { answerTasks } from "./worker.ts";

const KEEP_ALIVE_MS = 60_000;

export type CreateLoad = {
  readonly baseUrl: string;
  readonly apiKey: string;
  readonly apiSecret: string;
  readonly connections: number;
  readonly seconds: number;
};

let keys = 0;
/** Kept between the rounds, as a merchant's backend keeps its connections: opening 64 at once is another question. */
const pools = new Map<string, Pool>();

function poolFor({ baseUrl, connections }: CreateLoad): Pool {
  const name = `${baseUrl} ${connections}`;
  const pool =
    pools.get(name) ?? new Pool(baseUrl, { connections, pipelining: 1, keepAliveTimeout: KEEP_ALIVE_MS });
  pools.set(name, pool);
  return pool;
}

/** A merchant's backend in a hurry: creates payments over REST, each with an Idempotency-Key of its own. */
function createPayments(load: CreateLoad): Promise<Load> {
  const pool = poolFor(load);
  const headers = {
    "x-api-key": load.apiKey,
    "x-api-secret": load.apiSecret,
    "content-type": "application/json",
  };
  const ask = async (): Promise<string | null> => {
    keys += 1;
    const { statusCode, body } = await pool.request({
      path: "/api/v1/payments",
      method: "POST",
      headers: { ...headers, "idempotency-key": `bench-${process.pid}-${keys}` },
      body: `{"amountMinor":125050,"customerReference":"cust_${keys % 1_000}","productName":"Pro plan"}`,
    });
    await body.dump();
    return statusCode === 201 ? null : String(statusCode);
  };
  return keepAsking({ clients: load.connections, seconds: load.seconds, ask });
}

answerTasks(createPayments);
