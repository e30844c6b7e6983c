import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { grpcTransport, type Transport } from "@oi/platform/rpc/client";
import { createLogger, type Logger } from "@oi/platform/telemetry/logger";
import { testNats } from "@oi/testkit/nats";
import { testDatabase } from "@oi/testkit/postgres";
import postgres, { type Sql } from "postgres";
import { createApp } from "../app.ts";
import { readConfig } from "../config.ts";
import { type Delivery, type EdgeStandIn, startEdgeStandIn } from "./edge-stand-in.ts";
import { createAdmin, PASSWORD, startSandbox } from "./sandbox-process.ts";
import { isBusy, timeMachine } from "./time-machine.ts";

/** An RPC's answer through the JSON door; `reason` is that of a refusal. */
export type RpcAnswer = {
  readonly ok: boolean;
  readonly code: string | null;
  readonly reason: string | null;
  readonly body: Record<string, never>;
};

export type PaymentView = { readonly id: string; readonly reference: string; readonly status: string };

/** The service as it is, on PostgreSQL and NATS, against the running simulator, with time in the test's hands. */
export type FaultBench = AsyncDisposable & {
  readonly sandboxUrl: string;
  readonly edge: EdgeStandIn;
  readonly sql: Sql;
  /** The simulator's admin calls. */
  readonly gateway: ReturnType<typeof createAdmin>;
  call(method: string, body: object, headers?: Readonly<Record<string, string>>): Promise<RpcAnswer>;
  /** The same service by gRPC, as the edge speaks to it. */
  readonly transport: Transport;
  /** An RPC that has to be answered. */
  ok<T>(method: string, body: object): Promise<T>;
  /** The application that every payment belongs to. */
  readonly scope: { readonly applicationId: string; readonly mode: "MODE_TEST" };
  create(part?: PaymentWish): Promise<PaymentView>;
  deliver(delivery: Delivery): Promise<RpcAnswer>;
  /** Waits until nothing is due, nobody is asking and no callback is on its way. */
  settle(): Promise<void>;
  /** So much time passes at the gateway and here, and what falls due is done. */
  pass(ms: number): Promise<void>;
  /** Time passes here alone: the clocks of the two do not agree. */
  passHere(ms: number): Promise<void>;
};

export type PaymentWish = {
  readonly amountMinor?: bigint;
  readonly customerEmail?: string;
  readonly expiresInSeconds?: number;
};

export type BenchOptions = {
  readonly sandbox?: Readonly<Record<string, string>>;
  readonly env?: Readonly<Record<string, string>>;
  /** How long calls of the gateway may take, and how often it is tried while it does not answer. */
  readonly patience?: Partial<typeof PATIENCE>;
  readonly log?: Logger;
};

/** Far longer than an answer takes even on a busy machine: an answer that is given up opens a second session. */
const PATIENCE = { deadlines: { session: 12_000, read: 12_000, refund: 12_000 }, probeEveryMs: 100 };

/** What the edge gives the longest of its calls, the opening of a session. */
const CALL_MS = "25000";

export async function startFaultBench(options: BenchOptions = {}): Promise<FaultBench> {
  await using started = new AsyncDisposableStack();
  const [database, nats, sandbox] = await Promise.all([
    testDatabase({ migrations: "services/payments/migrations", service: "payments" }),
    testNats(),
    startSandbox({ SANDBOX_AUTOPILOT: "magic", SANDBOX_RETURN_DELAY_MS: "20", ...options.sandbox }),
  ]);
  for (const one of [database, nats, sandbox]) started.use(one);
  const sql = postgres(database.adminUrl, { max: 4, onnotice: () => undefined });
  started.defer(() => sql.end());
  const travel = await timeMachine(sql);
  const door = { url: "" };
  const deliver = (delivery: Delivery) =>
    patiently(door.url, "CheckoutService/RecordGatewayCallback", { ...delivery });
  const edge = started.use(
    await startEdgeStandIn(async (delivery) => {
      const answer = await deliver(delivery);
      if (!answer.ok) throw new Error(`a callback was not taken: ${answer.reason}`);
    }),
  );
  const config = readConfig(
    environment({ database: database.url, nats: nats.url, sandbox: sandbox.url, edge: edge.url }, options),
  );
  const patience = { ...PATIENCE, ...options.patience };
  const accounts = config.accounts.map((account) => ({ ...account, ...patience }));
  const log = options.log ?? createLogger({ service: "payments", level: "silent" });
  const app = started.use(await createApp({ ...config, accounts }, { log }));
  door.url = app.rpc.jsonUrl;
  const transport = started.use(grpcTransport(app.rpc.grpcAddress));
  const gateway = createAdmin(sandbox);
  const settle = () => settled(sql, edge);
  const ok = <T>(method: string, body: object) => answered<T>(door.url, method, body);
  const scope = await register(ok);
  const all = started.move();
  return {
    sandboxUrl: sandbox.url,
    edge,
    sql,
    gateway,
    call: (method, body, headers) => rpc(door.url, method, body, headers),
    transport,
    ok,
    scope,
    deliver,
    create: (wish) => create(ok, scope, wish),
    settle,
    pass: async (ms) => {
      await settle();
      await gateway.call("clock", { advanceMs: ms });
      await travel(ms);
      await settle();
    },
    passHere: async (ms) => {
      await travel(ms);
      await settle();
    },
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  };
}

type Surroundings = Readonly<Record<"database" | "nats" | "sandbox" | "edge", string>>;

function environment(at: Surroundings, { env = {} }: BenchOptions): Record<string, string> {
  return {
    PAYMENTS_DATABASE_URL: at.database,
    NATS_URL: at.nats,
    PUBLIC_URL: at.edge,
    API_SECRET_PEPPER: "p1:0123456789abcdef0123",
    SSLCOMMERZ_TEST_BASE_URL: at.sandbox,
    SSLCOMMERZ_TEST_STORE_ID: "testbox",
    SSLCOMMERZ_TEST_STORE_PASSWORD: PASSWORD,
    GATEWAY_CALLS_PER_SECOND: "100000",
    RPC_PORT: "0",
    OPS_PORT: "0",
    ...env,
  };
}

type Refusal = {
  readonly code?: string;
  readonly details?: readonly { readonly debug?: { readonly reason?: string } }[];
};

async function rpc(
  url: string,
  method: string,
  body: object,
  headers: Readonly<Record<string, string>> = {},
): Promise<RpcAnswer> {
  const answer = await fetch(`${url}/oi.payments.v1.${method}`, {
    method: "POST",
    headers: { "content-type": "application/json", "connect-timeout-ms": CALL_MS, ...headers },
    body: JSON.stringify(body, (_, value) => (typeof value === "bigint" ? String(value) : value)),
  });
  const json: unknown = await answer.json();
  const refusal: Refusal = answer.ok ? {} : (json as Refusal);
  return {
    ok: answer.ok,
    code: refusal.code ?? null,
    reason: refusal.details?.find(({ debug }) => debug?.reason)?.debug?.reason ?? null,
    body: json as RpcAnswer["body"],
  };
}

const TRIES = 20;

/** A database that is busy is asked again, as everybody does who is answered 503. */
async function patiently(url: string, method: string, body: object): Promise<RpcAnswer> {
  for (let tries = 1; ; tries++) {
    const answer = await rpc(url, method, body);
    if (answer.reason !== "SERVICE_UNAVAILABLE" || tries === TRIES) return answer;
    await sleep(250);
  }
}

async function answered<T>(url: string, method: string, body: object): Promise<T> {
  const answer = await patiently(url, method, body);
  if (!answer.ok) throw new Error(`${method}: ${JSON.stringify(answer.body)}`);
  return answer.body as T;
}

async function register(ok: FaultBench["ok"]): Promise<FaultBench["scope"]> {
  const { application } = await ok<{ application: { id: string } }>(
    "ApplicationsService/RegisterApplication",
    { name: "Storefront" },
  );
  return { applicationId: application.id, mode: "MODE_TEST" };
}

async function create(
  ok: FaultBench["ok"],
  scope: FaultBench["scope"],
  { amountMinor = 10_000n, ...wish }: PaymentWish = {},
): Promise<PaymentView> {
  const { payment } = await ok<{ payment: PaymentView }>("PaymentsService/CreatePayment", {
    ...scope,
    amount: { amountMinor },
    customerReference: "customer",
    idempotencyKey: randomUUID(),
    ...wish,
  });
  return payment;
}

/** Two looks in a row, because a callback that was just stored makes an attempt due. */
async function settled(sql: Sql, edge: EdgeStandIn): Promise<void> {
  const deadline = performance.now() + 60_000;
  for (let quiet = 0; quiet < 2; ) {
    await sleep(15);
    quiet = edge.busy() === 0 && !(await isBusy(sql)) ? quiet + 1 : 0;
    if (performance.now() > deadline) throw new Error("the bench does not come to rest");
  }
}
