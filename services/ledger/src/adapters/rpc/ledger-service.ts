import type { ServiceImpl } from "@connectrpc/connect";
import { invalid } from "@oi/kernel/errors";
import { eventUuid } from "@oi/kernel/id";
import type { Scope } from "@oi/kernel/scope";
import {
  type GetStatementRequest,
  GetStatementRequestSchema,
  type GetTransactionRequest,
  type LedgerService,
  type ListAccountsRequest,
  ListAccountsRequestSchema,
  type ListBooksRequest,
  ListBooksRequestSchema,
  type ListOpenItemsRequest,
  ListOpenItemsRequestSchema,
  type ListTransactionsRequest,
  ListTransactionsRequestSchema,
} from "@oi/proto/ledger/v1/ledger_service";
import type { GetBalance } from "../../application/get-balance.ts";
import type { GetStatement } from "../../application/get-statement.ts";
import type { GetTrialBalance } from "../../application/get-trial-balance.ts";
import type { ListAccounts } from "../../application/list-accounts.ts";
import type { ListOpenItems } from "../../application/list-open-items.ts";
import type { ListTransactions } from "../../application/list-transactions.ts";
import { transactionNotFound } from "../../application/missing.ts";
import type { AccountKey, LedgerReads, OpenItemsPage, TransactionName } from "../../application/ports.ts";
import { accountMessage, scopeOf, transactionMessage } from "./messages.ts";
import { numberOf, pageSize, pagesOf } from "./paging.ts";
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

function accountAfter(position: readonly string[] | null): AccountKey | null {
  const [path = "", currency = ""] = position ?? [];
  return position && { path, currency };
}

function bookAfter(position: readonly string[] | null): Scope | null {
  return position && { applicationId: Number(position[0]), mode: position[1] === "LIVE" ? "LIVE" : "TEST" };
}

function itemAfter(position: readonly string[] | null): OpenItemsPage["after"] {
  const [path = "", currency = "", openedSeq, ref = ""] = position ?? [];
  return position && { path, currency, openedSeq: Number(openedSeq), ref };
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
  const { pageTokens } = useCases;
  const statements = pagesOf<GetStatementRequest>(pageTokens, GetStatementRequestSchema);
  const accounts = pagesOf<ListAccountsRequest>(pageTokens, ListAccountsRequestSchema);
  return {
    getBalance: async ({ book, path, currency, asOf }) => {
      const { account, asOfSeq } = await useCases.getBalance(
        scopeOf(book),
        { path, currency },
        momentOf(asOf),
      );
      return { account: accountMessage(account), asOfSeq: BigInt(asOfSeq) };
    },
    getStatement: async (request) => {
      const { book, path, currency, descending } = request;
      const found = await useCases.getStatement(
        scopeOf(book),
        { path, currency },
        {
          fromSeq: Number(request.fromSeq) || 1,
          toSeq: Number(request.toSeq) || Number.MAX_SAFE_INTEGER,
          descending,
          afterVersion: numberOf(statements.begin(request)),
          size: pageSize(request.pageSize),
        },
      );
      return {
        openingBalanceMinor: found.openingBalanceMinor,
        lines: found.lines.map(statementLineMessage),
        nextPageToken: statements.next(request, found.next === null ? null : [found.next]),
        asOfSeq: BigInt(found.asOfSeq),
      };
    },
    listAccounts: async (request) => {
      const page = await useCases.listAccounts(scopeOf(request.book), {
        pathPrefix: request.pathPrefix,
        after: accountAfter(accounts.begin(request)),
        size: pageSize(request.pageSize),
      });
      const { next } = page;
      return {
        accounts: page.accounts.map(accountMessage),
        nextPageToken: accounts.next(request, next && [next.path, next.currency]),
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
  const { reads, pageTokens } = useCases;
  const allBooks = pagesOf<ListBooksRequest>(pageTokens, ListBooksRequestSchema);
  const allTransactions = pagesOf<ListTransactionsRequest>(pageTokens, ListTransactionsRequestSchema);
  const openItems = pagesOf<ListOpenItemsRequest>(pageTokens, ListOpenItemsRequestSchema);
  return {
    listBooks: async (request) => {
      const size = pageSize(request.pageSize);
      const found = await reads.books({ after: bookAfter(allBooks.begin(request)), limit: size + 1 });
      const books = found.slice(0, size);
      const last = found.length > size ? books.at(-1) : undefined;
      const position = last ? [last.scope.applicationId, last.scope.mode] : null;
      return { books: books.map(bookHeadMessage), nextPageToken: allBooks.next(request, position) };
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
      const { transactions, next } = await useCases.listTransactions(scopeOf(request.book), {
        reference: request.reference || null,
        ref: request.ref || null,
        afterSeq: numberOf(allTransactions.begin(request)) ?? Number(request.afterSeq),
        size: pageSize(request.pageSize),
      });
      return {
        transactions: transactions.map(transactionMessage),
        nextPageToken: allTransactions.next(request, next === null ? null : [next]),
      };
    },
    listOpenItems: async (request) => {
      const { items, next, asOfSeq } = await useCases.listOpenItems(scopeOf(request.book), {
        pathPrefix: request.pathPrefix,
        currency: request.currency || null,
        ref: request.ref || null,
        minAgeSeconds: Number(request.minAgeSeconds),
        wrongSignOnly: request.wrongSignOnly,
        after: itemAfter(openItems.begin(request)),
        size: pageSize(request.pageSize),
      });
      const position = next && [next.path, next.currency, next.openedSeq, next.ref];
      return {
        items: items.map(openItemMessage),
        nextPageToken: openItems.next(request, position),
        asOfSeq: BigInt(asOfSeq),
      };
    },
    listBlocks: async ({ book, fromBlock, pageSize: asked }) => {
      const page = { fromBlock: Number(fromBlock) || 1, limit: pageSize(asked) };
      return { blocks: (await reads.blocks(scopeOf(book), page)).map(blockMessage) };
    },
  };
}
