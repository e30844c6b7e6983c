import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { type RpcClient, rpcClient } from "@oi/platform/rpc/client";
import { Mode } from "@oi/proto/common/v1/mode";
import { LedgerService } from "@oi/proto/ledger/v1/ledger_service";
import { ApplicationsService } from "@oi/proto/payments/v1/applications_service";
import { DeliveriesService } from "@oi/proto/webhooks/v1/deliveries_service";
import { EndpointsService } from "@oi/proto/webhooks/v1/endpoints_service";
import { type TestNats, testNats } from "@oi/testkit/nats";
import { type TestDatabase, testDatabase } from "@oi/testkit/postgres";
import { freePort } from "@oi/tools/infra/ports";
import { type Constellation, startConstellation } from "./constellation.ts";
import { SERVICES, type ServiceName } from "./environment.ts";
import { type Merchant, merchantOf } from "./merchant.ts";
import { type Sandbox, sandboxAt } from "./sandbox.ts";

export type ReceivedWebhook = { readonly headers: Record<string, string>; readonly body: string };

/** A merchant's webhook receiver: a real HTTP server that keeps everything it was sent. */
export type Sink = AsyncDisposable & {
  readonly url: string;
  readonly received: ReceivedWebhook[];
  status: number;
};

export type Harness = AsyncDisposable & {
  readonly constellation: Constellation;
  readonly databases: Readonly<Record<ServiceName, TestDatabase>>;
  readonly nats: TestNats;
  readonly sandbox: Sandbox;
  readonly sink: Sink;
  readonly merchant: Merchant;
  readonly liveMerchant: Merchant;
  readonly signingSecret: string;
  readonly ledger: RpcClient<typeof LedgerService>;
  readonly deliveries: RpcClient<typeof DeliveriesService>;
  readonly applications: RpcClient<typeof ApplicationsService>;
  /** Another application with credentials of its own. */
  newMerchant(name: string): Promise<Merchant>;
};

async function openSink(): Promise<Sink> {
  const received: ReceivedWebhook[] = [];
  const sink = { received, status: 200 };
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const headers = Object.fromEntries(
        Object.entries(request.headers).map(([name, value]) => [name, String(value)]),
      );
      received.push({ headers, body: Buffer.concat(chunks).toString("utf8") });
      response.writeHead(sink.status).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return Object.assign(sink, {
    url: `http://127.0.0.1:${port}/webhooks`,
    [Symbol.asyncDispose]: async () => {
      server.close();
      server.closeAllConnections();
    },
  });
}

async function freePorts() {
  const ports = new Set<number>();
  while (ports.size < 9) ports.add(await freePort());
  const [edge = 0, edgeOps = 0, sandbox = 0, a = 0, b = 0, c = 0, d = 0, e = 0, f = 0] = ports;
  return {
    edge,
    edgeOps,
    sandbox,
    grpc: { payments: a, ledger: b, webhooks: c },
    http: { payments: d, ledger: e, webhooks: f },
  };
}

async function openDatabases(started: AsyncDisposableStack): Promise<Harness["databases"]> {
  const databases = await Promise.all(
    SERVICES.map((service) => testDatabase({ service, migrations: `services/${service}/migrations` })),
  );
  for (const database of databases) started.use(database);
  const [payments, ledger, webhooks] = databases;
  if (!payments || !ledger || !webhooks) throw new Error("every service has a database");
  return { payments, ledger, webhooks };
}

/** The whole of OI Payments on real infrastructure, with one merchant registered and a receiver for its webhooks. */
export async function startHarness(options: {
  readonly transport: "memory" | "grpc";
  readonly env?: Readonly<Record<string, string>>;
}): Promise<Harness> {
  await using started = new AsyncDisposableStack();
  const databases = await openDatabases(started);
  const nats = started.use(await testNats());
  const sink = started.use(await openSink());
  const ports = await freePorts();
  const constellation = started.use(
    await startConstellation({
      databases,
      natsUrl: nats.url,
      ports,
      publicUrl: `http://localhost:${ports.edge}`,
      transport: options.transport,
      env: {
        API_SECRET_PEPPER: "test:0123456789abcdef0123456789abcdef",
        WEBHOOKS_KEKS: `test:${Buffer.alloc(32, 7).toString("base64")}`,
        WEBHOOKS_EGRESS_ALLOW_CIDRS: "127.0.0.0/8,::1/128",
        INQUIRY_SCHEDULE: "1,2,3,5,8",
        ...options.env,
      },
    }),
  );
  const { transports, publicUrl, sandboxUrl } = constellation;
  if (sandboxUrl === null) throw new Error("the harness runs with the sandbox");
  const applications = rpcClient(ApplicationsService, transports.payments);
  const register = (name: string, webhookUrl?: string) => registerMerchant(constellation, name, webhookUrl);
  const first = await register("Storefront", sink.url);
  const all = started.move();
  return {
    constellation,
    databases,
    nats,
    sink,
    sandbox: sandboxAt(sandboxUrl),
    merchant: merchantOf(publicUrl, first.TEST),
    liveMerchant: merchantOf(publicUrl, first.LIVE),
    signingSecret: first.signingSecret,
    applications,
    ledger: rpcClient(LedgerService, transports.ledger),
    deliveries: rpcClient(DeliveriesService, transports.webhooks),
    newMerchant: async (name) => merchantOf(publicUrl, (await register(name)).TEST),
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  };
}

async function registerMerchant({ transports }: Constellation, name: string, webhookUrl?: string) {
  const url = webhookUrl === undefined ? {} : { webhookUrl };
  const { application, credentials } = await rpcClient(
    ApplicationsService,
    transports.payments,
  ).registerApplication({
    name,
    ...url,
  });
  if (!application) throw new Error("a registration returns its application");
  const { secret } = await rpcClient(EndpointsService, transports.webhooks).ensureDefaultEndpoints({
    applicationId: application.id,
    applicationVersion: application.version,
    ...(webhookUrl === undefined ? {} : { url: webhookUrl }),
  });
  const pair = (mode: Mode) => {
    const found = credentials.find((credential) => credential.mode === mode);
    if (!found) throw new Error("a registration returns a credential per mode");
    return { applicationId: Number(application.id), apiKey: found.apiKey, apiSecret: found.apiSecret };
  };
  return { TEST: pair(Mode.TEST), LIVE: pair(Mode.LIVE), signingSecret: secret ?? "" };
}
