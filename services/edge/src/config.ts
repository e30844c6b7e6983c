import { type RuntimeConfig, readRuntime } from "@oi/platform/config/common";
import { type Env, type EnvReader, readEnv } from "@oi/platform/config/env";
import { LANGUAGES, type Lang } from "./domain/language.ts";

export type EdgeConfig = {
  readonly runtime: RuntimeConfig;
  readonly http: {
    readonly host: string;
    readonly port: number;
    readonly opsPort: number;
    /** Where the world reaches this service, without a slash at the end; null = made from the port once it is bound. */
    readonly publicUrl: string | null;
    readonly trustedProxyHops: number;
    readonly drainSeconds: number;
  };
  /** `host:port` or `dns:///host:port` of each service's gRPC door. */
  readonly rpc: { readonly payments: string; readonly ledger: string; readonly webhooks: string };
  readonly credentialCacheSeconds: number;
  readonly checkoutLanguage: Lang;
};

const RPC_ADDRESS = /^(dns:\/\/\/)?(\[[0-9A-Fa-f:]+\]|[A-Za-z0-9._-]+):\d{1,5}$/;

function readAddress(read: EnvReader, name: string, fallback: string | undefined): string {
  const address = read.text(name, fallback);
  if (address !== "" && !RPC_ADDRESS.test(address)) {
    read.problem(`${name}: must be host:port or dns:///host:port`);
  }
  return address;
}

function readPublicUrl(read: EnvReader, production: boolean): string | null {
  if (!production && read.optionalText("PUBLIC_URL") === undefined) return null;
  const url = read.url("PUBLIC_URL", ["http", "https"]);
  if (/[?#]/.test(url)) read.problem("PUBLIC_URL: must have neither query nor fragment");
  return url.replace(/\/+$/, "");
}

/** The only reader of the environment. Raises ConfigError with every problem at once. */
export function readConfig(env: Env): EdgeConfig {
  return readEnv(env, (read) => {
    const runtime = readRuntime(read);
    const { production } = runtime;
    const port = (name: string, fallback: number) => read.integer(name, fallback, { min: 0, max: 65_535 });
    const local = (address: string) => (production ? undefined : address);
    return {
      runtime,
      http: {
        host: read.text("EDGE_HOST", production ? "0.0.0.0" : "127.0.0.1"),
        port: port("PORT", 8080),
        opsPort: port("OPS_PORT", 9200),
        publicUrl: readPublicUrl(read, production),
        trustedProxyHops: read.integer("TRUSTED_PROXY_HOPS", production ? 1 : 0, { min: 0, max: 10 }),
        drainSeconds: read.integer("DRAIN_SECONDS", 30, { min: 1, max: 600 }),
      },
      rpc: {
        payments: readAddress(read, "PAYMENTS_RPC_URL", local("127.0.0.1:9101")),
        ledger: readAddress(read, "LEDGER_RPC_URL", local("127.0.0.1:9102")),
        webhooks: readAddress(read, "WEBHOOKS_RPC_URL", local("127.0.0.1:9103")),
      },
      credentialCacheSeconds: read.integer("CREDENTIAL_CACHE_SECONDS", 5, { min: 0, max: 5 }),
      checkoutLanguage: read.choice("CHECKOUT_LANGUAGE", LANGUAGES, "bn"),
    };
  });
}
