import { join } from "node:path";
import { parseArgs } from "node:util";
import { Secret } from "@oi/platform/config/env";
import { grpcTransport, type RpcClient, rpcClient } from "@oi/platform/rpc/client";
import { fromRpcError } from "@oi/platform/rpc/errors";
import { Mode } from "@oi/proto/common/v1/mode";
import { LedgerService } from "@oi/proto/ledger/v1/ledger_service";
import type { DevFile } from "../start/dev-file.ts";
import { homeFolder, readJson } from "../start/home.ts";

export type LedgerCall = {
  readonly client: RpcClient<typeof LedgerService>;
  readonly book: { readonly applicationId: bigint; readonly mode: Mode };
  /** The command's own options. */
  readonly values: Readonly<Record<string, string | undefined>>;
};

export type LedgerCommand = {
  /** The first lines of its help: what it does and how it is called. */
  readonly usage: string;
  /** The names of its own options, each with a value. */
  readonly options?: readonly string[];
  /** 0 when all is well, 1 when the ledger is not. */
  readonly work: (call: LedgerCall) => Promise<0 | 1>;
};

const COMMON = `
  --application   the application's number                    --mode   TEST or LIVE
  --url           HOST:PORT of the ledger's gRPC door; without it, that of the system which $OI_HOME/dev.json names
  RPC_TOKEN       the variable with the caller's token, where the ledger wants one
`;

/**
 * Runs a command against the ledger: finds it, reads what every command takes, and ends with the command's code, or with
 * 2 and a sentence that says what to do when the ledger could not be asked.
 */
export async function runLedgerCommand(command: LedgerCommand, args: readonly string[]): Promise<void> {
  if (args.includes("--help") || args.includes("-h")) {
    process.stdout.write(`${command.usage}${COMMON}`);
    return;
  }
  try {
    process.exitCode = await ask(command, args);
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 2;
  }
}

async function ask({ options = [], work }: LedgerCommand, args: readonly string[]): Promise<0 | 1> {
  const values = readOptions(args, ["application", "mode", "url", ...options]);
  const book = { applicationId: applicationOf(values.application), mode: modeOf(values.mode) };
  const address = values.url ?? runningLedger();
  const token = process.env.RPC_TOKEN ? new Secret(process.env.RPC_TOKEN) : undefined;
  using transport = grpcTransport(address, { token });
  try {
    return await work({ client: rpcClient(LedgerService, transport), book, values });
  } catch (error) {
    throw inWords(error, address);
  }
}

function readOptions(
  args: readonly string[],
  names: readonly string[],
): Readonly<Record<string, string | undefined>> {
  const { values } = parseArgs({
    args: [...args],
    options: Object.fromEntries(names.map((name) => [name, { type: "string" as const }])),
  });
  return values as Record<string, string | undefined>;
}

/** A refusal says itself what is wrong; without one, nobody was there to refuse. */
function inWords(error: unknown, address: string): unknown {
  if (!(error instanceof Error) || error.name !== "ConnectError") return error;
  const { reason, message, metadata } = fromRpcError(error);
  if (reason === "SERVICE_UNAVAILABLE" && metadata.cause === undefined)
    return new Error(`No ledger answers at ${address}. Start it (npm start), or give --url HOST:PORT.`);
  return new Error(`${message} (${metadata.cause ?? reason})`);
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
