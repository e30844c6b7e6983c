import type { IntegrityBreak } from "@oi/proto/ledger/v1/ledger_service";
import { type LedgerCall, runLedgerCommand } from "./ledger-client.ts";

const USAGE = `Recomputes a book from its first block and names the first thing that does not prove itself.

  oi ledger verify --application 1 --mode LIVE

Ends with 0 for a sound book, 1 for a broken one, 2 when it cannot be asked.
`;

/** `oi ledger verify`: progress on standard error, the result on standard output. */
export function run(args: readonly string[]): Promise<void> {
  return runLedgerCommand({ usage: USAGE, work: verify }, args);
}

async function verify({ client, book }: LedgerCall): Promise<0 | 1> {
  for await (const { step } of client.verifyBook({ book })) {
    if (step.case === "progress")
      process.stderr.write(`${step.value.checkedSeq} of ${step.value.lastSeq} transactions\n`);
    if (step.case !== "result") continue;
    const { ok, transactions, blocks, head, firstBreak } = step.value;
    if (firstBreak) process.stdout.write(describe(firstBreak));
    if (!ok) return 1;
    const hash = Buffer.from(head).toString("hex");
    process.stdout.write(`ok: ${transactions} transactions in ${blocks} blocks, head ${hash}\n`);
    return 0;
  }
  throw new Error("The verification ended without a result; ask again.");
}

function describe({ check, blockNo, seq, leg, subject, expected, actual }: IntegrityBreak): string {
  const place = Object.entries({ block: blockNo, transaction: seq, leg })
    .flatMap(([name, value]) => (value === undefined ? [] : [`${name} ${value}`]))
    .join(", ");
  return `BROKEN ${check} ${place}\n  ${subject}\n  expected ${expected}\n  found    ${actual}\n`;
}
