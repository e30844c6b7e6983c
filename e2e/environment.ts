import type { Env } from "@oi/platform/config/env";

export const SERVICES = ["payments", "ledger", "webhooks"] as const;
export type ServiceName = (typeof SERVICES)[number];

export type ServiceDatabases = Readonly<
  Record<ServiceName, { readonly url: string; readonly ownerUrl: string }>
>;

export type ConstellationPorts = {
  readonly edge: number;
  readonly edgeOps: number;
  readonly sandbox: number;
  readonly grpc: Readonly<Record<ServiceName, number>>;
  readonly http: Readonly<Record<ServiceName, number>>;
};

export type Surroundings = {
  readonly databases: ServiceDatabases;
  readonly natsUrl: string;
  readonly ports: ConstellationPorts;
  readonly publicUrl: string;
  /** The environment of every service; what the constellation decides itself overrules it. */
  readonly env: Env;
};

export const usesSandbox = ({ env }: Pick<Surroundings, "env">): boolean => !env.SSLCOMMERZ_TEST_BASE_URL;

export function sandboxEnvironment({ env, ports }: Surroundings): Env {
  return { ...env, PORT: String(ports.sandbox) };
}

/** `sandboxUrl` is null when TEST mode has a gateway account of its own. */
export function serviceEnvironment(
  name: ServiceName,
  { databases, natsUrl, ports, publicUrl, env }: Surroundings,
  sandboxUrl: string | null,
): Env {
  return {
    ...env,
    ...(sandboxUrl === null ? {} : sandboxAccount(sandboxUrl)),
    [`${name.toUpperCase()}_DATABASE_URL`]: databases[name].url,
    [`${name.toUpperCase()}_DATABASE_OWNER_URL`]: databases[name].ownerUrl,
    NATS_URL: natsUrl,
    PUBLIC_URL: publicUrl,
    RPC_PORT: String(ports.grpc[name]),
    OPS_PORT: String(ports.http[name]),
  };
}

/** `addresses` are the gRPC doors that the edge calls. */
export function edgeEnvironment(
  { env, ports, publicUrl }: Surroundings,
  addresses: Readonly<Record<ServiceName, string>>,
): Env {
  return {
    ...env,
    PAYMENTS_RPC_URL: addresses.payments,
    LEDGER_RPC_URL: addresses.ledger,
    WEBHOOKS_RPC_URL: addresses.webhooks,
    PORT: String(ports.edge),
    OPS_PORT: String(ports.edgeOps),
    PUBLIC_URL: publicUrl,
  };
}

/** The account that the sandbox knows from the start. */
function sandboxAccount(url: string): Env {
  return {
    SSLCOMMERZ_TEST_BASE_URL: url,
    SSLCOMMERZ_TEST_STORE_ID: "testbox",
    SSLCOMMERZ_TEST_STORE_PASSWORD: "qwerty",
    GATEWAY_CALLS_PER_SECOND: "1000",
  };
}

export function perService<T>(make: (name: ServiceName) => T): Record<ServiceName, T> {
  return { payments: make("payments"), ledger: make("ledger"), webhooks: make("webhooks") };
}
