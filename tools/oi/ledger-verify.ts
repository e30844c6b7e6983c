import { ledgerCall } from "./ledger-client.ts";

/** `oi ledger verify`; ends with 1 when the book does not prove itself. */
export async function run(args: readonly string[]): Promise<void> {
  using call = ledgerCall(args);
  for await (const { step } of call.client.verifyBook({ book: call.book })) {
    if (step.case === "progress")
      process.stderr.write(`${step.value.checkedSeq} of ${step.value.lastSeq} transactions\n`);
    if (step.case !== "result") continue;
    const { ok, transactions, blocks, head, firstBreak } = step.value;
    if (ok) {
      const hash = Buffer.from(head).toString("hex");
      process.stdout.write(`ok: ${transactions} transactions in ${blocks} blocks, head ${hash}\n`);
    } else if (firstBreak) {
      const { check, blockNo, seq, leg, subject, expected, actual } = firstBreak;
      const place = Object.entries({ block: blockNo, transaction: seq, leg })
        .flatMap(([name, value]) => (value === undefined ? [] : [`${name} ${value}`]))
        .join(", ");
      process.stdout.write(
        `BROKEN ${check} ${place}\n  ${subject}\n  expected ${expected}\n  found    ${actual}\n`,
      );
      process.exitCode = 1;
    }
  }
}
