import { formatDate, formatInstant } from "@oi/kernel/instant";
import { formatDecimal } from "@oi/kernel/money";
import { balanceOf } from "./account.ts";
import { toHex } from "./canonical-bytes.ts";
import { EXPORT_VERSION, type ExportHeader } from "./export-format.ts";
import type { Entry, Transaction } from "./transaction.ts";
import { kindName } from "./transaction-kind.ts";

/** The lines that every form begins with, each after its own mark of a comment. */
export function headerLines(header: ExportHeader, mark: string): string {
  const { applicationId, mode, fromSeq, toSeq, block } = header;
  const lines = [
    `oi-ledger export ${EXPORT_VERSION}`,
    `application ${applicationId} mode ${mode}`,
    `sequences ${fromSeq} to ${toSeq}`,
    block ? `block ${block.blockNo} hash ${toHex(block.hash)}` : "no block",
  ];
  return lines.map((line) => `${mark} ${line}\n`).join("");
}

/**
 * The day of the recording at the book's offset: it never goes back with the sequence, so balances can be asserted in
 * the order of the file. The business date travels beside it.
 */
export function journalDate({ recordedAt }: Transaction, { utcOffsetMinutes }: ExportHeader): string {
  return formatDate(recordedAt, utcOffsetMinutes);
}

export function decimal(amountMinor: bigint, currency: string): string {
  return formatDecimal({ amountMinor, currency });
}

export function recorded({ recordedAt }: Transaction): string {
  return formatInstant(recordedAt);
}

export function title({ kind, key }: Transaction): string {
  return `${kindName(kind)} ${key}`;
}

/** Balances before the range as the postings of one transaction. They sum to zero, because the book does. */
export function openingPostings({
  opening,
}: ExportHeader): readonly Pick<Entry, "path" | "currency" | "amountMinor">[] {
  return opening.flatMap((account) => {
    const amountMinor = balanceOf(account);
    return amountMinor === 0n ? [] : [{ path: account.path, currency: account.currency, amountMinor }];
  });
}
