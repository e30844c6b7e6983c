import { createHash } from "node:crypto";
import { once } from "node:events";
import { ExportFormat } from "@oi/proto/ledger/v1/ledger_service";
import { type LedgerCall, runLedgerCommand } from "./ledger-client.ts";

const USAGE = `Writes a book to standard output, with every balance asserted; the same book gives the same bytes.

  oi ledger export --format hledger --application 1 --mode LIVE > book.journal
  oi ledger export --format beancount --application 1 --mode LIVE > book.beancount

  --format        csv, hledger or beancount

Ends with 0 when it is whole, 2 when it cannot be asked or did not arrive whole. The sum of its bytes is told on standard
error.
`;

const FORMATS = new Map([
  ["csv", ExportFormat.CSV],
  ["hledger", ExportFormat.HLEDGER],
  ["beancount", ExportFormat.BEANCOUNT],
]);

/** `oi ledger export`: the file on standard output, what it adds up to on standard error. */
export function run(args: readonly string[]): Promise<void> {
  return runLedgerCommand({ usage: USAGE, options: ["format"], work: writeBook }, args);
}

async function writeBook({ client, book, values }: LedgerCall): Promise<0> {
  const format = FORMATS.get(values.format ?? "");
  if (format === undefined) throw new Error("Give the format: --format csv, hledger or beancount");
  const hash = createHash("sha256");
  let isComplete = false;
  for await (const { part } of client.exportBook({ book, format })) {
    if (part.case === "chunk") {
      hash.update(part.value);
      if (!process.stdout.write(part.value)) await once(process.stdout, "drain");
    } else if (part.case === "trailer") {
      const { sha256, transactions, blockNo } = part.value;
      const digest = Buffer.from(sha256).toString("hex");
      isComplete = hash.digest("hex") === digest;
      process.stderr.write(`${transactions} transactions, to block ${blockNo}, sha256 ${digest}\n`);
    }
  }
  if (!isComplete) throw new Error("The export did not arrive whole; ask again.");
  return 0;
}
