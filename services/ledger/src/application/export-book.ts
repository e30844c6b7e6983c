import { invalid } from "@oi/kernel/errors";
import type { Scope } from "@oi/kernel/scope";
import { beancountWriter } from "../domain/export-beancount.ts";
import { csvWriter } from "../domain/export-csv.ts";
import type { ExportHeader, ExportWriter } from "../domain/export-format.ts";
import { hledgerWriter } from "../domain/export-hledger.ts";
import { bookNotFound } from "./missing.ts";
import type { BookSnapshot, BookSnapshots } from "./ports.ts";

export type ExportFormat = "CSV" | "HLEDGER" | "BEANCOUNT";

export type ExportStep =
  | { readonly step: "TEXT"; readonly text: string }
  | {
      readonly step: "END";
      readonly transactions: number;
      readonly blockNo: number;
      readonly blockHash: Uint8Array;
    };

/** 0 as a bound is the book's own first or last sequence. */
export type ExportBook = (
  scope: Scope,
  range: { readonly format: ExportFormat; readonly fromSeq: number; readonly toSeq: number },
) => AsyncIterable<ExportStep>;

const WRITERS: Readonly<Record<ExportFormat, (header: ExportHeader) => ExportWriter>> = {
  CSV: csvWriter,
  HLEDGER: hledgerWriter,
  BEANCOUNT: beancountWriter,
};

/** Writes a book, or a part of it, in one snapshot. Raises RESOURCE_NOT_FOUND and VALIDATION_ERROR. */
export function exportBook({ snapshots }: { readonly snapshots: BookSnapshots }): ExportBook {
  return async function* (scope, { format, fromSeq, toSeq }) {
    const snapshot = await snapshots.open(scope);
    if (!snapshot) throw bookNotFound();
    try {
      const header = await headerOf(snapshot, fromSeq || 1, toSeq || snapshot.head.lastSeq);
      const writer = WRITERS[format](header);
      let transactions = 0;
      yield { step: "TEXT", text: writer.begin() };
      for await (const transaction of snapshot.transactions(header)) {
        transactions += 1;
        yield { step: "TEXT", text: writer.transaction(transaction) };
      }
      yield { step: "TEXT", text: writer.end() };
      const { block } = header;
      const blockHash = block?.hash ?? snapshot.head.head;
      yield { step: "END", transactions, blockNo: block?.blockNo ?? 0, blockHash };
    } finally {
      await snapshot[Symbol.asyncDispose]();
    }
  };
}

async function headerOf(snapshot: BookSnapshot, fromSeq: number, toSeq: number): Promise<ExportHeader> {
  const { head } = snapshot;
  if (toSeq > head.lastSeq) throw invalid({ toSeq: `must be at most ${head.lastSeq}` });
  if (fromSeq > toSeq + 1) throw invalid({ fromSeq: "must not be above toSeq" });
  const used = await snapshot.accountsAsOf(toSeq);
  return {
    applicationId: head.scope.applicationId,
    mode: head.scope.mode,
    utcOffsetMinutes: head.utcOffsetMinutes,
    fromSeq,
    toSeq,
    block: await snapshot.blockOf(toSeq),
    accounts: used.filter((one) => one.version > 0),
    opening: fromSeq > 1 ? await snapshot.accountsAsOf(fromSeq - 1) : [],
  };
}
