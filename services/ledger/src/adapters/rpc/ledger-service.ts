import type { ServiceImpl } from "@connectrpc/connect";
import { invalid } from "@oi/kernel/errors";
import { eventUuid } from "@oi/kernel/id";
import type { Scope } from "@oi/kernel/scope";
import type { GetTransactionRequest, LedgerService } from "@oi/proto/ledger/v1/ledger_service";
import type { GetBalance } from "../../application/get-balance.ts";
import type { GetStatement } from "../../application/get-statement.ts";
import type { GetTrialBalance } from "../../application/get-trial-balance.ts";
import type { ListAccounts } from "../../application/list-accounts.ts";
import type { ListOpenItems } from "../../application/list-open-items.ts";
import type { ListTransactions } from "../../application/list-transactions.ts";
import { transactionNotFound } from "../../application/missing.ts";
import type { AccountKey, LedgerReads, OpenItemsPage, TransactionName } from "../../application/ports.ts";
import { accountMessage, scopeOf, transactionMessage } from "./messages.ts";
import { invalidPageToken, readPageToken, writePageToken } from "./page-token.ts";
import { numberAfter, pageSize, tokenAt } from "./paging.ts";
import { type ProofUseCases, proofMethods } from "./proof-methods.ts";
import {
  blockMessage,
  bookHeadMessage,
  momentOf,
  openItemMessage,
  rejectionMessage,
  statementLineMessage,
} from "./read-messages.ts";

export type LedgerUseCases = ProofUseCases & {
  readonly getBalance: GetBalance;
  readonly getStatement: GetStatement;
  readonly listAccounts: ListAccounts;
  readonly listOpenItems: ListOpenItems;
  readonly listTransactions: ListTransactions;
  readonly getTrialBalance: GetTrialBalance;
  /** For answers that are one row or one page of rows as they stand. */
  readonly reads: Pick<LedgerReads, "books" | "blocks" | "transaction">;
};

type Service = ServiceImpl<typeof LedgerService>;

function accountAfter(token: string, pathPrefix: string): AccountKey | null {
  const position = readPageToken(token, ["accounts", pathPrefix], 2);
  return position && { path: position[0] ?? "", currency: position[1] ?? "" };
}

function bookAfter(token: string): Scope | null {
  const position = readPageToken(token, ["books"], 2);
  return position && { applicationId: Number(position[0]), mode: position[1] === "LIVE" ? "LIVE" : "TEST" };
}

function itemAfter(token: string, args: readonly string[]): OpenItemsPage["after"] {
  const [path, currency, openedSeq, ref] = readPageToken(token, args, 4) ?? [];
  if (path === undefined || currency === undefined || ref === undefined) return null;
  if (openedSeq === undefined || !/^\d{1,15}$/.test(openedSeq)) throw invalidPageToken();
  return { path, currency, openedSeq: Number(openedSeq), ref };
}

function nameOf({ name }: GetTransactionRequest): TransactionName {
  switch (name.case) {
    case "seq":
      return { by: "SEQ", seq: Number(name.value) };
    case "eventId": {
      const uuid = eventUuid(name.value);
      if (uuid === null) throw invalid({ eventId: "is no event id" });
      return { by: "EVENT", uuid };
    }
    default:
      return { by: "KEY", key: name.value ?? "" };
  }
}

/** The ledger's reads and its proof as both doors mount them. */
export function ledgerService(useCases: LedgerUseCases): Service {
  return {
    ...accountMethods(useCases),
    ...listMethods(useCases),
    ...proofMethods(useCases),
  };
}

function accountMethods(
  useCases: LedgerUseCases,
): Pick<Service, "getBalance" | "getStatement" | "listAccounts" | "getTrialBalance"> {
  return {
    getBalance: async ({ book, path, currency, asOf }) => {
      const { account, asOfSeq } = await useCases.getBalance(
        scopeOf(book),
        { path, currency },
        momentOf(asOf),
      );
      return { account: accountMessage(account), asOfSeq: BigInt(asOfSeq) };
    },
    getStatement: async ({ book, path, currency, descending, ...request }) => {
      const fromSeq = Number(request.fromSeq) || 1;
      const toSeq = Number(request.toSeq) || Number.MAX_SAFE_INTEGER;
      const args = ["statement", path, currency, String(descending), String(fromSeq), String(toSeq)];
      const afterVersion = numberAfter(request.pageToken, args);
      const size = pageSize(request.pageSize);
      const range = { fromSeq, toSeq, descending, afterVersion, size };
      const found = await useCases.getStatement(scopeOf(book), { path, currency }, range);
      return {
        openingBalanceMinor: found.openingBalanceMinor,
        lines: found.lines.map(statementLineMessage),
        nextPageToken: tokenAt(args, found.next),
        asOfSeq: BigInt(found.asOfSeq),
      };
    },
    listAccounts: async (request) => {
      const { pathPrefix } = request;
      const page = await useCases.listAccounts(scopeOf(request.book), {
        pathPrefix,
        after: accountAfter(request.pageToken, pathPrefix),
        size: pageSize(request.pageSize),
      });
      const { next } = page;
      return {
        accounts: page.accounts.map(accountMessage),
        nextPageToken: next ? writePageToken(["accounts", pathPrefix, next.path, next.currency]) : "",
        asOfSeq: BigInt(page.asOfSeq),
      };
    },
    getTrialBalance: async ({ book, asOf, currency }) => {
      const { accounts, totals, asOfSeq } = await useCases.getTrialBalance(scopeOf(book), {
        moment: momentOf(asOf),
        ...(currency === "" ? {} : { currency }),
      });
      return {
        accounts: accounts.map(accountMessage),
        totals: totals.map((total) => ({ ...total })),
        asOfSeq: BigInt(asOfSeq),
      };
    },
  };
}

function listMethods(
  useCases: LedgerUseCases,
): Pick<Service, "listBooks" | "getTransaction" | "listTransactions" | "listOpenItems" | "listBlocks"> {
  const { reads } = useCases;
  return {
    listBooks: async (request) => {
      const size = pageSize(request.pageSize);
      const found = await reads.books({ after: bookAfter(request.pageToken), limit: size + 1 });
      const books = found.slice(0, size);
      const last = found.length > size ? books.at(-1) : undefined;
      const nextPageToken = last
        ? writePageToken(["books", String(last.scope.applicationId), last.scope.mode])
        : "";
      return { books: books.map(bookHeadMessage), nextPageToken };
    },
    getTransaction: async (request) => {
      const found = await reads.transaction(scopeOf(request.book), nameOf(request));
      if (!found) throw transactionNotFound();
      if ("rejection" in found) return { rejection: rejectionMessage(found.rejection) };
      const { transaction, reversedBy } = found;
      return {
        transaction: transactionMessage(transaction),
        ...(reversedBy === null ? {} : { reversedBy: BigInt(reversedBy) }),
      };
    },
    listTransactions: async (request) => {
      const { reference, ref, pageToken } = request;
      const args = ["transactions", reference, ref, String(request.afterSeq)];
      const { transactions, next } = await useCases.listTransactions(scopeOf(request.book), {
        reference: reference || null,
        ref: ref || null,
        afterSeq: numberAfter(pageToken, args) ?? Number(request.afterSeq),
        size: pageSize(request.pageSize),
      });
      return { transactions: transactions.map(transactionMessage), nextPageToken: tokenAt(args, next) };
    },
    listOpenItems: async ({ pathPrefix, currency, ref, wrongSignOnly, ...request }) => {
      const minAgeSeconds = Number(request.minAgeSeconds);
      const args = ["items", pathPrefix, currency, ref, String(minAgeSeconds), String(wrongSignOnly)];
      const { items, next, asOfSeq } = await useCases.listOpenItems(scopeOf(request.book), {
        pathPrefix,
        currency: currency || null,
        ref: ref || null,
        minAgeSeconds,
        wrongSignOnly,
        after: itemAfter(request.pageToken, args),
        size: pageSize(request.pageSize),
      });
      const place = next ? [next.path, next.currency, String(next.openedSeq), next.ref] : [];
      return {
        items: items.map(openItemMessage),
        nextPageToken: next ? writePageToken([...args, ...place]) : "",
        asOfSeq: BigInt(asOfSeq),
      };
    },
    listBlocks: async ({ book, fromBlock, pageSize: asked }) => {
      const page = { fromBlock: Number(fromBlock) || 1, limit: pageSize(asked) };
      return { blocks: (await reads.blocks(scopeOf(book), page)).map(blockMessage) };
    },
  };
}
