import { parseArgs } from "node:util";

type Program = "start" | "services";

const INTRODUCTIONS: Readonly<Record<Program, string>> = {
  start: `npm start -- [options]

  Starts PostgreSQL, NATS, the gateway sandbox and every service of OI Payments for development.
`,
  services: `npm run services -- [options]

  As npm start, but every service is a process of its own that speaks gRPC with the others, as in production.
  One that ends is started again; its output is in $OI_HOME/log/<service>.log.
`,
};

const TRANSPORT = `  --transport T    how the edge reaches the other services: memory (default) or grpc
`;

const COMMON = `  --reset          forget all data of this home first
  --json           one JSON object per step instead of text
  --help           this text
`;

const VARIABLES = `
  OI_HOME          where data and state live (.oi)
  OI_EPHEMERAL=1   free ports and fresh data, removed afterwards
  OI_EDGE_PORT     the public port (8080); OI_POSTGRES_PORT, OI_NATS_PORT, OI_SANDBOX_PORT,
                   OI_{PAYMENTS,LEDGER,WEBHOOKS}_{GRPC,HTTP}_PORT likewise
  PAYMENTS_DATABASE_URL, LEDGER_DATABASE_URL, WEBHOOKS_DATABASE_URL, NATS_URL
                   use given servers instead of our own
  SSLCOMMERZ_TEST_BASE_URL, SSLCOMMERZ_TEST_STORE_ID, SSLCOMMERZ_TEST_STORE_PASSWORD
                   use another gateway than the sandbox; LIVE likewise
`;

export function helpOf(program: Program): string {
  const own = program === "start" ? TRANSPORT : "";
  return `${INTRODUCTIONS[program]}\n${own}${COMMON}${VARIABLES}`;
}

export type StartOptions = {
  readonly help: boolean;
  readonly reset: boolean;
  readonly json: boolean;
  readonly transport: "memory" | "grpc";
};

/** Raises an Error with a plain sentence for an option that is not known. */
export function readOptions(program: Program, args: readonly string[]): StartOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      help: { type: "boolean", short: "h", default: false },
      reset: { type: "boolean", default: false },
      json: { type: "boolean", default: false },
      ...(program === "start" ? { transport: { type: "string", default: "memory" } as const } : {}),
    },
  });
  const { transport = "grpc" } = values as { transport?: string };
  if (transport !== "memory" && transport !== "grpc") throw new Error("--transport is memory or grpc");
  return { help: values.help, reset: values.reset, json: values.json, transport };
}
