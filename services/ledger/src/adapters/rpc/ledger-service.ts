import type { ServiceImpl } from "@connectrpc/connect";
import type { LedgerService } from "@oi/proto/ledger/v1/ledger_service";
import type { GetBalance } from "../../application/get-balance.ts";
import type { GetTrialBalance } from "../../application/get-trial-balance.ts";
import type { ListAccounts } from "../../application/list-accounts.ts";
import type { ListTransactions } from "../../application/list-transactions.ts";
import type { AccountKey } from "../../application/ports.ts";
import { accountMessage, scopeOf, transactionMessage } from "./messages.ts";
import { invalidPageToken, readPageToken, writePageToken } from "./page-token.ts";

export type LedgerUseCases = {
  readonly getBalance: GetBalance;
  readonly listAccounts: ListAccounts;
  readonly listTransactions: ListTransactions;
  readonly getTrialBalance: GetTrialBalance;
};

const DEFAULT_PAGE = 50;
const LARGEST_PAGE = 500;

function pageSize(asked: number): number {
  return asked === 0 ? DEFAULT_PAGE : Math.min(asked, LARGEST_PAGE);
}

function accountAfter(token: string, pathPrefix: string): AccountKey | null {
  const position = readPageToken(token, ["accounts", pathPrefix], 2);
  return position && { path: position[0] ?? "", currency: position[1] ?? "" };
}

function seqAfter(token: string, reference: string): number {
  const [seq] = readPageToken(token, ["transactions", reference], 1) ?? ["0"];
  if (seq === undefined || !/^\d{1,15}$/.test(seq)) throw invalidPageToken();
  return Number(seq);
}

/** The ledger's reads as both doors mount them. */
export function ledgerService(useCases: LedgerUseCases): ServiceImpl<typeof LedgerService> {
  return {
    getBalance: async ({ book, path, currency }) => {
      const { account, asOfSeq } = await useCases.getBalance(scopeOf(book), { path, currency });
      return { account: accountMessage(account), asOfSeq: BigInt(asOfSeq) };
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
    listTransactions: async (request) => {
      const { reference } = request;
      const { transactions, next } = await useCases.listTransactions(scopeOf(request.book), {
        reference,
        afterSeq: seqAfter(request.pageToken, reference),
        size: pageSize(request.pageSize),
      });
      return {
        transactions: transactions.map(transactionMessage),
        nextPageToken: next === null ? "" : writePageToken(["transactions", reference, String(next)]),
      };
    },
    getTrialBalance: async ({ book }) => {
      const { accounts, totals, asOfSeq } = await useCases.getTrialBalance(scopeOf(book));
      return {
        accounts: accounts.map(accountMessage),
        totals: totals.map((total) => ({ ...total })),
        asOfSeq: BigInt(asOfSeq),
      };
    },
  };
}
