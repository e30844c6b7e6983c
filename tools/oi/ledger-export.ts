import { createHash } from "node:crypto";
import { once } from "node:events";
import { ExportFormat } from "@oi/proto/ledger/v1/ledger_service";
import { ledgerCall } from "./ledger-client.ts";

const FORMATS = new Map([
  ["csv", ExportFormat.CSV],
  ["hledger", ExportFormat.HLEDGER],
  ["beancount", ExportFormat.BEANCOUNT],
]);

/** `oi ledger export`: the file on standard output, what it adds up to on standard error. */
export async function run(args: readonly string[]): Promise<void> {
  using call = ledgerCall(args, ["format"]);
  const format = FORMATS.get(call.values.format ?? "");
  if (format === undefined) throw new Error("Give the format: --format csv, hledger or beancount");
  const hash = createHash("sha256");
  let isComplete = false;
  for await (const { part } of call.client.exportBook({ book: call.book, format })) {
    if (part.case === "chunk") {
      hash.update(part.value);
      if (!process.stdout.write(part.value)) await once(process.stdout, "drain");
    } else if (part.case === "trailer") {
      const { sha256, transactions, blockNo } = part.value;
      isComplete = hash.digest("hex") === Buffer.from(sha256).toString("hex");
      process.stderr.write(
        `${transactions} transactions, to block ${blockNo}, sha256 ${Buffer.from(sha256).toString("hex")}\n`,
      );
    }
  }
  if (!isComplete) throw new Error("The export did not arrive whole; ask again.");
}
