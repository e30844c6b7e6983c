import type { ExportHeader, ExportWriter } from "./export-format.ts";
import { decimal, headerLines, openingPostings, recorded } from "./export-lines.ts";
import type { Entry, Transaction } from "./transaction.ts";
import { kindName } from "./transaction-kind.ts";

const COLUMNS =
  "seq,leg,recorded_at,business_date,kind,reference,path,currency,debit,credit,balance_after,ref,idem_key,leaf";

/** RFC 4180 with LF: a field with a comma, quote or line end is quoted. */
function row(fields: readonly string[]): string {
  const quoted = fields.map((field) => (/[",\r\n]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field));
  return `${quoted.join(",")}\n`;
}

function sides(amountMinor: bigint, currency: string): readonly [string, string] {
  return amountMinor > 0n ? [decimal(amountMinor, currency), ""] : ["", decimal(-amountMinor, currency)];
}

/** One row per entry. What it is an export of stands in the last row, which has one field only. */
export function csvWriter(header: ExportHeader): ExportWriter {
  const line = (transaction: Transaction, entry: Entry): string => {
    const { seq, businessDate, kind, reference, key, leaf } = transaction;
    const { leg, path, currency, amountMinor, balanceAfterMinor, ref } = entry;
    return row([
      String(seq),
      String(leg),
      recorded(transaction),
      businessDate,
      kindName(kind),
      reference,
      path,
      currency,
      ...sides(amountMinor, currency),
      decimal(balanceAfterMinor, currency),
      ref ?? "",
      key,
      leaf,
    ]);
  };
  return {
    begin: () => {
      const opening = openingPostings(header).map(({ path, currency, amountMinor }, i) => {
        const [debit, credit] = sides(amountMinor, currency);
        const balance = decimal(amountMinor, currency);
        const place = [String(header.fromSeq - 1), String(i + 1), "", "", "OPENING", ""];
        return row([...place, path, currency, debit, credit, balance, "", "", ""]);
      });
      return `${COLUMNS}\n${opening.join("")}`;
    },
    transaction: (transaction) => transaction.entries.map((entry) => line(transaction, entry)).join(""),
    end: () => headerLines(header, "#"),
  };
}
