import type { ConstellationPorts } from "@oi/e2e/environment";
import { choosePort, freePort } from "../infra/ports.ts";

type Env = Readonly<Record<string, string | undefined>>;

/** Ports of a constellation, each with the variable that moves it. */
const WISHES = {
  edge: ["OI_EDGE_PORT", 8080],
  edgeOps: ["OI_EDGE_OPS_PORT", 9200],
  sandbox: ["OI_SANDBOX_PORT", 8099],
  paymentsGrpc: ["OI_PAYMENTS_GRPC_PORT", 9101],
  ledgerGrpc: ["OI_LEDGER_GRPC_PORT", 9102],
  webhooksGrpc: ["OI_WEBHOOKS_GRPC_PORT", 9103],
  paymentsHttp: ["OI_PAYMENTS_HTTP_PORT", 9201],
  ledgerHttp: ["OI_LEDGER_HTTP_PORT", 9202],
  webhooksHttp: ["OI_WEBHOOKS_HTTP_PORT", 9203],
} as const;

type Ports = Record<keyof typeof WISHES, number>;

/** The wanted ports; a taken default moves up by one, a taken wish is refused. Ephemeral starts take any free ones. */
export async function choosePorts(env: Env): Promise<ConstellationPorts> {
  const taken = new Set<number>();
  const chosen: [string, number][] = [];
  for (const [name, [variable, fallback]] of Object.entries(WISHES)) {
    const port = await chooseOne(env, variable, fallback, taken);
    taken.add(port);
    chosen.push([name, port]);
  }
  const ports = Object.fromEntries(chosen) as Ports;
  return {
    edge: ports.edge,
    edgeOps: ports.edgeOps,
    sandbox: ports.sandbox,
    grpc: { payments: ports.paymentsGrpc, ledger: ports.ledgerGrpc, webhooks: ports.webhooksGrpc },
    http: { payments: ports.paymentsHttp, ledger: ports.ledgerHttp, webhooks: ports.webhooksHttp },
  };
}

async function chooseOne(
  env: Env,
  variable: string,
  fallback: number,
  taken: ReadonlySet<number>,
): Promise<number> {
  if (env.OI_EPHEMERAL === "1" && !env[variable]) {
    let port = await freePort();
    while (taken.has(port)) port = await freePort();
    return port;
  }
  let wish = fallback;
  while (taken.has(wish)) wish += 1;
  return choosePort({ variable, fallback: wish, env });
}
