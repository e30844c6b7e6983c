import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { readDatabase } from "@oi/platform/config/common";
import { readEnv, Secret } from "@oi/platform/config/env";
import { openDatabase as openPool } from "@oi/platform/postgres/client";
import { systemRandom } from "@oi/platform/service/random";
import { testNats } from "@oi/testkit/nats";
import postgres from "postgres";
import { doctorCodec } from "../adapters/crypto/doctor-codec.ts";
import { aesSecretBox } from "../adapters/crypto/secret-box.ts";
import { hmacSigner } from "../adapters/crypto/webhook-signer.ts";
import { createEgress } from "../adapters/http/egress.ts";
import { postgresAdminStores } from "../adapters/postgres/admin-stores.ts";
import { createUseCases, type UseCases } from "../application/use-cases.ts";
import type { Endpoint } from "../domain/endpoint.ts";
import { type ChildService, startChild } from "./child-service.ts";
import { KEK, openDatabase, paymentEvent, startProducer } from "./running-app.ts";
import type { Sink } from "./sink.ts";
import { nextEventId } from "./stores.ts";

const LOOPBACK = "127.0.0.0/8";
const TIME_SCALE = "0.0005";
const DEADLINE_MS = 500;
/** The longest deadline of any service that a test started in this world. */
const LONGEST_DEADLINE_MS = 5_000;

export type Shop = {
  readonly applicationId: number;
  readonly endpoint: Endpoint;
  readonly secret: string;
};

/** Services as processes over one database and broker, and what outlives them: a producer, an operator, a look at rows. */
export type KillWorld = AsyncDisposable & {
  readonly admin: postgres.Sql;
  readonly useCases: UseCases;
  start(env?: Readonly<Record<string, string>>): Promise<ChildService>;
  /** A new application whose webhooks go to the sink. */
  register(sink: Sink): Promise<Shop>;
  /** Ids of events that are on their way. */
  publish(shop: Shop, count: number): readonly string[];
  /** The application's deliveries by state. */
  states(shop: Shop): Promise<Readonly<Record<string, number>>>;
  /** How many deliveries are in somebody's hands, and when that was by the database's clock. */
  inHands(shop: Shop): Promise<{ readonly count: number; readonly at: string }>;
  /** Attempts that failed for other reasons than a death before `at`: each may have reached the sink and be repeated. */
  failures(shop: Shop, at: string): Promise<number>;
  /** What the checker prints about the database as it is. */
  invariants(): Promise<string>;
};

function runChecker(adminUrl: string): Promise<string> {
  const tool = fileURLToPath(new URL("../../../../tools/invariants.ts", import.meta.url));
  const as = [
    "--deadline-ms",
    String(LONGEST_DEADLINE_MS),
    "--time-scale",
    TIME_SCALE,
    "--allow-cidrs",
    LOOPBACK,
  ];
  const child = spawn(process.execPath, [tool, "--webhooks", adminUrl, ...as], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let printed = "";
  child.stdout.on("data", (chunk: Buffer) => {
    printed += chunk.toString("utf8");
  });
  return new Promise((resolve) => child.once("exit", () => resolve(printed)));
}

function operatorOver(url: string, stack: AsyncDisposableStack): UseCases {
  const config = readEnv({ WEBHOOKS_DATABASE_URL: url }, (read) => readDatabase(read, "WEBHOOKS"));
  return createUseCases({
    ...postgresAdminStores(stack.use(openPool(config, "operator", 2))),
    policy: createEgress({ allowCidrs: [LOOPBACK], dnsServers: [], proxy: null }).targets,
    secretBox: aesSecretBox([{ id: "k1", key: new Secret(KEK.slice("k1:".length)) }]),
    signer: hmacSigner(systemRandom()),
    codec: doctorCodec,
    nextEventId,
    now: () => Date.now(),
    onDue: () => undefined,
  });
}

export async function openKillWorld(): Promise<KillWorld> {
  await using opened = new AsyncDisposableStack();
  const [database, nats] = await Promise.all([openDatabase(), testNats()]);
  opened.use(database);
  opened.use(nats);
  const admin = postgres(database.adminUrl, { max: 2, onnotice: () => {} });
  opened.defer(() => admin.end());
  const producer = opened.use(startProducer(nats.url));
  const useCases = operatorOver(database.url, opened);
  let applications = 0;
  const states = async ({ applicationId }: Shop): Promise<Record<string, number>> => {
    const rows = await admin<{ state: string; n: number }[]>`
      select state, count(*)::int as n from delivery where application_id = ${applicationId} group by 1`;
    return Object.fromEntries(rows.map(({ state, n }) => [state, n]));
  };
  const all = opened.move();
  return {
    admin,
    useCases,
    start: (env = {}) =>
      startChild({
        WEBHOOKS_DATABASE_URL: database.url,
        NATS_URL: nats.url,
        WEBHOOKS_KEKS: KEK,
        WEBHOOKS_EGRESS_ALLOW_CIDRS: LOOPBACK,
        WEBHOOKS_DEADLINE_MS: String(DEADLINE_MS),
        WEBHOOKS_LEASE_MS: String(3 * DEADLINE_MS),
        WEBHOOKS_REAP_EVERY_MS: "200",
        NATS_ACK_WAIT_MS: "1500",
        TIME_SCALE,
        ...env,
      }),
    register: async ({ url }) => {
      applications += 1;
      const made = await useCases.ensureDefaults({ applicationId: applications, version: 1, url });
      const endpoint = made.endpoints.find(({ mode }) => mode === "TEST");
      if (!endpoint || made.secret === null) throw new Error("the endpoints were made before");
      return { applicationId: applications, endpoint, secret: made.secret };
    },
    publish: ({ applicationId }, count) =>
      Array.from({ length: count }, () => {
        const event = paymentEvent(applicationId);
        producer.publish(event);
        return event.id;
      }),
    states,
    inHands: async ({ applicationId }) => {
      const [row] = await admin<{ count: number; at: string }[]>`
        select clock_timestamp()::text as at, count(*)::int from delivery
        where application_id = ${applicationId} and state = 'LEASED'`;
      return row ?? { count: 0, at: "" };
    },
    failures: async ({ applicationId }, at) => {
      const [row] = await admin<{ n: number }[]>`
        select count(*)::int as n from attempt where application_id = ${applicationId} and outcome <> 'OK'
          and (outcome <> 'UNKNOWN' or claimed_at > ${at}::text::timestamptz)`;
      return row?.n ?? 0;
    },
    invariants: () => runChecker(database.adminUrl),
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  };
}
