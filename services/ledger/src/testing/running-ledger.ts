import { inMemoryTransport, type RpcClient, rpcClient } from "@oi/platform/rpc/client";
import { silentLogger } from "@oi/platform/telemetry/logger";
import { AdjustmentsService } from "@oi/proto/ledger/v1/adjustments_service";
import { LedgerService } from "@oi/proto/ledger/v1/ledger_service";
import { createApp, type LedgerApp } from "../app.ts";
import { readConfig } from "../config.ts";
import { type PostgresLedger, postgresLedger } from "./postgres-ledger.ts";

export type RunningLedger = AsyncDisposable & {
  readonly ledger: PostgresLedger;
  readonly app: LedgerApp;
  readonly reads: RpcClient<typeof LedgerService>;
  readonly adjustments: RpcClient<typeof AdjustmentsService>;
};

/** The whole service on a database of its own, reached without a network. NATS is away. */
export async function runningLedger(): Promise<RunningLedger> {
  await using stack = new AsyncDisposableStack();
  const ledger = stack.use(await postgresLedger());
  const config = readConfig({
    LEDGER_DATABASE_URL: ledger.test.url,
    NATS_URL: "nats://127.0.0.1:1",
    RPC_PORT: "0",
    OPS_PORT: "0",
  });
  const app = stack.use(await createApp(config, { log: silentLogger() }));
  const transport = inMemoryTransport(app.rpc.services);
  const held = stack.move();
  return {
    ledger,
    app,
    reads: rpcClient(LedgerService, transport),
    adjustments: rpcClient(AdjustmentsService, transport),
    [Symbol.asyncDispose]: () => held.disposeAsync(),
  };
}
