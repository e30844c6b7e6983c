import { join } from "node:path";
import { parseArgs } from "node:util";
import { grpcTransport, type RpcClient, rpcClient } from "@oi/platform/rpc/client";
import { Mode } from "@oi/proto/common/v1/mode";
import { LedgerService } from "@oi/proto/ledger/v1/ledger_service";
import type { DevFile } from "../start/dev-file.ts";
import { homeFolder, readJson } from "../start/home.ts";

export type LedgerCall = Disposable & {
  readonly client: RpcClient<typeof LedgerService>;
  readonly book: { readonly applicationId: bigint; readonly mode: Mode };
  /** The command's own options. */
  readonly values: Readonly<Record<string, string | undefined>>;
};

/**
 * Reads `--application`, `--mode`, `--url` and the command's own options, and finds the ledger. Throws with a sentence
 * that says what to do.
 */
export function ledgerCall(args: readonly string[], own: readonly string[] = []): LedgerCall {
  const names = ["application", "mode", "url", ...own];
  const { values } = parseArgs({
    args: [...args],
    options: Object.fromEntries(names.map((name) => [name, { type: "string" as const }])),
  });
  const given = values as Record<string, string | undefined>;
  const transport = grpcTransport(given.url ?? runningLedger());
  return {
    client: rpcClient(LedgerService, transport),
    book: { applicationId: applicationOf(given.application), mode: modeOf(given.mode) },
    values: given,
    [Symbol.dispose]: () => transport[Symbol.dispose](),
  };
}

function runningLedger(): string {
  const file = join(homeFolder(process.env), "dev.json");
  const dev = readJson<DevFile>(file);
  if (dev) return dev.services.ledger.grpc;
  throw new Error(`Nothing runs here: ${file} is missing. Start it (npm start), or give --url HOST:PORT.`);
}

function applicationOf(text: string | undefined): bigint {
  if (text !== undefined && /^[1-9]\d{0,15}$/.test(text)) return BigInt(text);
  throw new Error("Give the application's number: --application 1");
}

function modeOf(text: string | undefined): Mode {
  if (text === "TEST") return Mode.TEST;
  if (text === "LIVE") return Mode.LIVE;
  throw new Error("Give the mode: --mode TEST or --mode LIVE");
}
